// Small comforts. Every page works without them.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-send-on-change]")) event.target.form.requestSubmit();
});
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.ask ?? event.target.dataset.ask;
  if (question && !window.confirm(question)) event.preventDefault();
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copy).textContent;
  navigator.clipboard?.writeText(text).then(() => {
    const before = button.textContent;
    button.textContent = button.dataset.copied ?? "✓";
    setTimeout(() => { button.textContent = before; }, 1500);
  });
});
for (const select of document.querySelectorAll("[data-send-on-change]")) {
  const button = select.form.querySelector("button");
  if (button) button.hidden = true;
}

// A part that moves by itself does not notice that its link broke off quietly: begin it anew when the network is back, and
// after the machine has slept.
const renew = () => {
  for (const part of document.querySelectorAll("[hx-sse\\:connect]")) {
    const fresh = part.cloneNode(true);
    part.replaceWith(fresh);
    window.htmx?.process(fresh);
  }
};
window.addEventListener("online", renew);
let looked = Date.now();
setInterval(() => {
  if (Date.now() - looked > 30_000) renew();
  looked = Date.now();
}, 5_000);
