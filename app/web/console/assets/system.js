// Waits until the next start of Izwi answers, then goes on. Without this the link on the page does.
const waiting = document.querySelector("[data-waits-for]");
const look = async () => {
  try {
    const answer = await fetch("/system/started", { cache: "no-store" });
    if (answer.ok && (await answer.text()) !== waiting.dataset.waitsFor) return location.assign("/system");
  } catch { /* it is not back yet */ }
  setTimeout(look, 700);
};
if (waiting) setTimeout(look, 700);
