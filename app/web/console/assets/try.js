// The phone beside the picture: a keypad, a timer, and everything where one looks for it. All of it works without, too.
let opened = [];
let typed = false;
const ready = () => {
  const stage = document.getElementById("stage");
  if (!stage) return;
  const reply = stage.querySelector("[data-reply]");
  const keys = stage.querySelector("[data-keys]");
  if (keys) keys.hidden = Boolean(reply?.disabled) || reply?.inputMode !== "numeric";
  if (reply && !reply.disabled) reply.focus({ preventScroll: true });
  const thread = stage.querySelector(".thread");
  if (thread) thread.scrollTop = thread.scrollHeight;
  const picture = stage.querySelector("[data-picture]");
  const at = picture?.querySelector(".at") ?? [...(picture?.querySelectorAll(".seen") ?? [])].pop();
  if (at) {
    const middle = at.getBoundingClientRect().top - picture.getBoundingClientRect().top + picture.scrollTop;
    picture.scrollTop = Math.max(0, middle - picture.clientHeight / 2);
  }
  tick();
};
const tick = () => {
  const timer = document.querySelector("[data-timer]");
  if (!timer) return;
  const left = Math.round(Number(timer.dataset.seconds) - (Date.now() - Date.parse(timer.dataset.began)) / 1000);
  timer.textContent = `${Math.max(0, left)} s`;
  timer.classList.toggle("over", left <= 0);
};
document.addEventListener("click", (event) => {
  const key = event.target.closest("[data-key]");
  if (!key) return;
  const reply = document.querySelector("[data-reply]");
  reply.value += key.dataset.key;
  reply.focus();
});
document.addEventListener("submit", (event) => {
  opened = [...document.querySelectorAll("#stage details[open] > summary")].map((each) => each.textContent);
  if (event.target.matches(".reply")) typed = true;
});
document.addEventListener("htmx:after:swap", () => {
  const reply = document.querySelector("[data-reply]");
  if (typed && reply) reply.value = "";
  typed = false;
  for (const each of document.querySelectorAll("#stage details > summary")) {
    if (opened.includes(each.textContent)) each.parentElement.open = true;
  }
  ready();
});
setInterval(tick, 1000);
ready();
