// The phones of /simulator. They speak to the hooks in Africa's Talking's own form fields and know nothing else about
// Izwi; what is stored comes from /simulator/look. Phone numbers travel in bodies only, never in an address.

const BASIC = new Set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§" +
  "¿abcdefghijklmnopqrstuvwxyzäöñüà");
const EXTENSION = new Set("\f^{}\\[~]|€");
const KEYS = "1 2abc 3def 4ghi 5jkl 6mno 7pqrs 8tuv 9wxyz * 0 #".split(" ");
const NETWORK = "99999"; // Africa's Talking's sandbox network
const ANSWER_WITHIN = 10_000; // Africa's Talking gives up on us after this time
const SLOW = 3_000;
const NO_MENU = "Connection problem or invalid MMI code.";

const page = (name) => document.querySelector(`[data-${name}]`);
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const utc = () => new Date().toISOString().slice(0, 19);
const clock = (at) => new Date(at).toLocaleTimeString("en-GB");
const put = (element, text) => { if (element.textContent !== text) element.textContent = text; }; // spares screen readers
const phones = [];
let config, chosen;

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  Object.assign(element.dataset, properties.data);
  element.append(...children);
  return element;
}

// crypto.randomUUID is missing where the page is not on localhost or https, as on a district's own network.
const hex = (bytes) => Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, "0")).join("");
const uuid = () => hex(16).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-4$3-a$4-$5");

/** A form body as the provider writes it: "*" and "+" are escaped (URLSearchParams would leave "*" bare). */
function form(fields) {
  const escape = (text) => encodeURIComponent(text)
    .replace(/[!'()*~]/g, (mark) => "%" + mark.charCodeAt(0).toString(16).toUpperCase()).replaceAll("%20", "+");
  return Object.entries(fields).map(([name, value]) => `${name}=${escape(value)}`).join("&");
}

const plain = (escaped) => decodeURIComponent(escaped.replaceAll("+", " "));

/** The room a text takes: septets of GSM 03.38, or UTF-16 units when one character is outside it. */
function measure(text) {
  const characters = [...text];
  const ucs2 = characters.some((character) => !BASIC.has(character) && !EXTENSION.has(character));
  return { ucs2, size: ucs2 ? text.length : characters.length + characters.filter((character) => EXTENSION.has(character)).length };
}

function showRoom(element, text) {
  const { ucs2, size } = measure(text);
  const [room, most] = ucs2 ? [config.ucs2, config.ucs2] : [config.septets, config.hard_septets];
  put(element, `${ucs2 ? "UCS-2 " : ""}${size} of ${room}`);
  element.dataset.room = size > most ? "over" : size > room ? "tight" : "fine";
}

function showParts(element, text) {
  const { ucs2, size } = measure(text);
  const [one, each] = ucs2 ? [70, 67] : [160, 153];
  put(element, `${ucs2 ? "UCS-2 " : ""}${size} of ${one} · ${size > one ? Math.ceil(size / each) : 1} SMS`);
}

/** Post to a hook as the provider would, and write the exchange into the log. Status 0: nobody answered in time. */
async function post(phone, hook, body, remark = "") {
  const began = performance.now();
  const answer = { status: 0, text: "", bytes: 0 };
  try {
    const response = await fetch(config.hooks[hook], {
      method: "POST", body, headers: { "Content-Type": "application/x-www-form-urlencoded" },
      credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(ANSWER_WITHIN),
    });
    const raw = await response.arrayBuffer();
    // A byte order mark would break the menu on a handset, so it is not hidden here either.
    Object.assign(answer, { status: response.status, bytes: raw.byteLength, text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(raw) });
  } catch { /* the log shows that nobody answered */ }
  answer.ms = Math.round(performance.now() - began);
  if (hook === "ussd" && remark !== "duplicate") phone.lastPost = { body, answer };
  record(phone, hook, body, answer, remark);
  look();
  return answer;
}

function record(phone, hook, body, answer, remark) {
  const curl = `curl -sS '${new URL(config.hooks[hook], location.href)}' -H 'Content-Type: application/x-www-form-urlencoded' --data-raw '${body}'`;
  const copy = make("button", { type: "button", className: "quiet", textContent: "curl", title: "Copy as curl", data: { curl: "" } });
  copy.setAttribute("aria-label", "Copy as curl");
  copy.onclick = async () => {
    copy.textContent = (await copied(curl)) ? "copied" : "no";
    setTimeout(() => { copy.textContent = "curl"; }, 1500);
  };
  const cell = (name, text) => make("span", { className: name, textContent: text, data: { good: answer.status === 200 } });
  const typed = /(?:^|&)text=([^&]*)/.exec(body)?.[1];
  const summary = make("summary", {}, cell("when", clock(Date.now())), cell("who", "…" + phone.number.slice(-2)),
    make("span", {}, remark ? `${hook} · ${remark} ` : `${hook} `, make("code", { textContent: typed ? plain(typed) : "" })),
    cell("status", answer.status || "none"), cell("ms", `${answer.ms} ms`), cell("bytes", `${answer.bytes} B`));
  const detail = make("details", {}, summary, make("pre", { textContent: body.split("&").map(plain).join("\n") }),
    make("pre", { className: "answer", textContent: answer.text || "(no body)" }));
  const log = page("log");
  log.prepend(make("li", { data: { hook, status: String(answer.status) } }, detail, copy));
  while (log.children.length > 200) log.lastChild.remove();
}

async function copied(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  const area = document.body.appendChild(make("textarea", { value: text, className: "hush" }));
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

class Phone {
  constructor(number) {
    this.number = number;
    this.session = null; // the call: { id, inputs, began, limit, hops, last }
    this.lastPost = null; // the very last USSD request and its answer
    this.view = { run: null, answers: [], messages: [] };
    this.rows = null; // answers on the page by content; null until the first look
    this.bubbles = new Map(); // messages from Izwi on the page by id
    this.unread = 0;
    this.element = document.getElementById("phone").content.firstElementChild.cloneNode(true);
    this.element.dataset.phone = number;
    this.element.setAttribute("aria-label", `Phone ${number}`);
    this.part("number").textContent = number;
    this.part("to").textContent = `to ${config.short_code}`;
    this.part("act=dial").textContent = `Dial ${config.service_code}`;
    this.part("act=keyword").textContent = config.keyword;
    this.part("keys").append(...KEYS.map(([key, ...letters]) =>
      make("button", { type: "button", data: { key } }, key, make("small", { textContent: letters.join(""), ariaHidden: "true" }))));
    this.wire();
    this.open("ussd");
    this.rest();
  }

  part(name) { return this.element.querySelector(`[data-${name}]`); }
  parts(name) { return this.element.querySelectorAll(`[data-${name}]`); }

  wire() {
    const { element } = this;
    for (const event of ["focusin", "pointerdown"]) element.addEventListener(event, () => choose(this));
    element.addEventListener("click", ({ target }) => {
      const { key, act, tab } = target.closest("button")?.dataset ?? {};
      if (key) this.type(key);
      if (act) this[act](target);
      if (tab) this.open(tab);
    });
    element.addEventListener("keydown", (event) => this.press(event));
    this.part("sms").addEventListener("input", () => this.count());
    this.part("slow").addEventListener("change", ({ target }) => { element.dataset.line = target.checked ? "slow" : "good"; });
    for (const tab of this.parts("tab")) {
      const panel = this.part(`panel=${tab.dataset.tab}`);
      panel.id = `${tab.dataset.tab}-${phones.length}`;
      tab.setAttribute("aria-controls", panel.id);
    }
  }

  press(event) {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === "Escape" && this.session && this.tab === "ussd") this.cancel();
    else if (target.dataset.tab && key.startsWith("Arrow")) this.open(this.tab === "ussd" ? "sms" : "ussd", true);
    else if (target === this.part("reply") && key === "Enter") this.send();
    else if (target === this.part("sms") && key === "Enter" && !event.shiftKey) this.text();
    else if (target.matches("input, textarea")) return;
    else if (/^[0-9*#]$/.test(key)) this.type(key);
    else if (key === "Backspace") this.clear();
    else return;
    event.preventDefault();
  }

  open(name, focus = false) {
    this.tab = name;
    for (const tab of this.parts("tab")) {
      tab.setAttribute("aria-selected", tab.dataset.tab === name);
      tab.tabIndex = tab.dataset.tab === name ? 0 : -1;
    }
    for (const panel of this.parts("panel")) panel.hidden = panel.dataset.panel !== name;
    for (const tools of this.parts("tools")) tools.hidden = tools.dataset.tools !== name;
    if (focus) this.part(`tab=${name}`).focus();
    if (name === "sms") this.badge(0);
    this.count();
    this.toEnd();
  }

  note(text, verdict = "") {
    this.part("note").textContent = text;
    this.part("note").dataset.verdict = verdict;
  }

  /** Change the line of the open tab, as the keypad does. */
  write(change) {
    const line = this.part(this.tab === "sms" ? "sms" : "reply");
    if (!line.closest("[hidden]")) line.value = change(line.value);
    this.count();
  }

  type(key) { this.write((text) => text + key); }
  clear() { this.write((text) => text.slice(0, -1)); }
  count() { showParts(this.part("sms-counter"), this.part("sms").value); }

  /** Bring the phone into a mode: idle, busy, con (a menu that waits), end or failed. */
  show(mode, text) {
    const held = this.element.contains(document.activeElement) && document.activeElement.matches("button, [data-reply]");
    this.element.dataset.mode = mode;
    this.part("screen").textContent = text;
    this.part("reply").value = "";
    for (const part of this.parts("when")) part.hidden = !part.dataset.when.split(" ").includes(mode);
    for (const part of this.parts("enabled")) part.disabled = !part.dataset.enabled.split(" ").includes(mode);
    this.part("step").textContent = this.session ? `step ${this.session.hops}` : "";
    showRoom(this.part("counter"), mode === "con" || mode === "end" ? text : "");
    this.tick();
    // Where fingers type, taking the focus would raise the keyboard over the phone.
    if (!held || this.tab !== "ussd" || matchMedia("(pointer: coarse)").matches) return;
    const next = { idle: "act=dial", busy: "act=cancel", con: "reply", end: "act=ok", failed: "act=ok" }[mode];
    this.part(next).focus({ preventScroll: true });
  }

  rest(note = "") {
    this.show("idle", "");
    this.note(note);
  }

  dial() {
    const limit = this.part("seconds").valueAsNumber || 180;
    this.session = { id: `ATUid_${hex(16)}`, inputs: [], began: Date.now(), limit, hops: 0, last: "" };
    this.turn();
  }

  send() {
    this.session.inputs.push(this.part("reply").value);
    this.turn();
  }

  ok() { this.rest(); }
  cancel() { this.hangUp("Cancelled."); }
  drop() { this.hangUp("The call died. Dial again to see where it goes on."); }

  hangUp(note) {
    this.ended("Incomplete");
    this.rest(note);
  }

  async turn() {
    const { session } = this;
    session.hops += 1;
    this.note("");
    this.show("busy", "USSD code running…");
    if (this.part("slow").checked) await wait(SLOW);
    if (this.session !== session) return; // it died before the request left the phone
    const answer = await post(this, "ussd", this.request(session));
    if (this.session !== session) return; // nobody is there to see the screen
    session.last = answer.text;
    const [, kind, text] = (answer.status === 200 && /^(CON|END) ([^]*)$/.exec(answer.text)) || [];
    if (kind === "CON") return this.show("con", text);
    this.ended(kind ? "Success" : "Failed", kind ? "" : `Received unexpected response code: ${answer.status} <none>`);
    return kind ? this.show("end", text) : this.show("failed", NO_MENU);
  }

  request({ id, inputs }) {
    return form({ phoneNumber: this.number, serviceCode: config.service_code, text: inputs.join("*"), sessionId: id, networkCode: NETWORK });
  }

  /** The phone forgets the session; the provider may tell Izwi so. */
  ended(status, error = "") {
    const { session } = this;
    this.session = null;
    if (!this.part("tell").checked) return;
    post(this, "ussd-end", form({
      durationInMillis: Date.now() - session.began, phoneNumber: this.number, errorMessage: error,
      serviceCode: config.service_code, lastAppResponse: session.last, hopsMetadata: "", hopsCount: session.hops, status,
      sessionId: session.id, cost: "0.00", date: utc().replace("T", " "), networkCode: NETWORK, input: session.inputs.join("*"),
    }), status);
  }

  async late() {
    const seconds = this.part("late").valueAsNumber || 0;
    this.session.inputs.push(this.part("reply").value);
    const body = this.request(this.session);
    this.hangUp(`The phone hung up. The reply arrives in ${seconds} s; its result is in the log.`);
    await wait(seconds * 1000);
    await post(this, "ussd", body, "late");
  }

  async duplicate() {
    const { body, answer: first } = this.lastPost;
    const second = await post(this, "ussd", body, "duplicate");
    const same = second.status === first.status && second.text === first.text;
    this.note(same ? "The same screen came back." : "A different screen came back; the log has it.", same ? "same" : "different");
  }

  tick() {
    this.part("act=duplicate").disabled = !this.lastPost || this.element.dataset.mode === "busy";
    this.part("timer").hidden = !this.session;
    if (!this.session) return;
    const { began, limit } = this.session;
    const left = Math.max(0, Math.ceil(limit - (Date.now() - began) / 1000));
    put(this.part("left"), `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} left`);
    this.part("ring").setAttribute("stroke-dashoffset", 100 - (100 * left) / limit);
    if (left === 0) this.hangUp(`The network ended the call after ${limit} s.`);
  }

  keyword() { this.say(config.keyword); }
  stop() { this.say("STOP"); }
  again() { this.arrives("duplicate"); }
  optOut() { post(this, "opt-out", form({ senderId: config.short_code, phoneNumber: this.number })); }

  text() {
    const { value } = this.part("sms");
    if (!value.trim()) return;
    this.write(() => "");
    this.say(value);
  }

  say(text) {
    this.lastText = form({ date: utc() + "Z", from: this.number, id: uuid(), linkId: uuid(), text, to: config.short_code,
      cost: "USD 0.0000", networkCode: NETWORK });
    this.part("act=again").disabled = false;
    this.bubble("inbound", text, make("small", { textContent: clock(Date.now()) }));
    this.arrives("");
  }

  async arrives(remark) {
    const answer = await post(this, "sms", this.lastText, remark);
    if (answer.status !== 200) this.note("Izwi did not take the message; the provider would try again.", "different");
    else this.note(remark ? "Sent again with the same id. Izwi should stay silent." : "");
  }

  report({ dataset }) {
    const { status, message } = dataset;
    const reason = status === "Failed" ? { failureReason: "DeliveryFailure" } : {};
    const { provider_id } = this.view.messages.find(({ id }) => String(id) === message);
    post(this, "delivery", form({ id: provider_id, status, phoneNumber: this.number, networkCode: NETWORK, ...reason }), status);
  }

  bubble(direction, body, ...foot) {
    const bubble = make("li", { data: { bubble: direction } }, make("p", { textContent: body }), ...foot);
    this.part("thread").append(bubble);
    this.toEnd();
    return bubble;
  }

  toEnd() { this.part("thread").scrollTop = this.part("thread").scrollHeight; }

  badge(count) {
    this.unread = count;
    this.part("unread").hidden = !count;
    put(this.part("unread"), `${count} new`);
  }

  /** Show what Izwi has stored of this phone. */
  seen(view) {
    const first = this.rows === null;
    const rows = new Map();
    for (const answer of view.answers) {
      let key = JSON.stringify(answer);
      while (rows.has(key)) key += "'";
      rows.set(key, this.rows?.get(key) ?? answerRow(answer, !first));
    }
    Object.assign(this, { view, rows });
    for (const message of [...view.messages].sort((a, b) => a.at.localeCompare(b.at))) this.receive(message, first);
    if (this === chosen) showStored();
  }

  receive({ id, body, state, segments, provider_id }, first) {
    if (!this.bubbles.has(id)) {
      const report = (status) => make("button", { type: "button", textContent: status, title: `Post a delivery report: ${status}`,
        data: { act: "report", status, message: id } });
      this.bubbles.set(id, this.bubble("outbound", body, make("small"), report("Success"), report("Failed")));
      if (!first && this.tab !== "sms") this.badge(this.unread + 1);
    }
    const bubble = this.bubbles.get(id);
    if (bubble.dataset.state === state) return;
    bubble.dataset.state = state;
    put(bubble.querySelector("small"), `${state} · ${segments} SMS`);
    for (const button of bubble.querySelectorAll("button")) button.hidden = !provider_id;
    if (bubble === this.part("thread").lastElementChild) this.toEnd();
  }
}

function answerRow(answer, fresh) {
  const { question, label, value, value_label, raw, channel, answered_at, set_aside } = answer;
  const cell = (name, ...content) => make("td", { data: { label: name } }, ...content);
  const code = (name, main) => (name === main ? "" : make("code", { textContent: name }));
  const row = make("tr", { className: set_aside ? "aside" : "", data: { question, fresh } },
    cell("Question", label || question, code(question, label || question)),
    cell("Answer", value_label || value, code(value, value_label || value), set_aside ? make("em", { textContent: "set aside" }) : ""),
    cell("Typed", raw ?? ""), cell("By", channel),
    cell("Time", make("time", { dateTime: answered_at, textContent: clock(answered_at) })));
  setTimeout(() => { row.dataset.fresh = "false"; }, 3000);
  return row;
}

function showStored() {
  const { number, view: { run, answers }, rows } = chosen;
  page("stored-number").textContent = number;
  const stands = run && `${run.survey} ${run.version} · ${run.state.replace("_", " ")}${run.question ? ` · at ${run.question}` : ""}`;
  put(page("run"), `${stands || "No run"} · ${answers.length} ${answers.length === 1 ? "answer" : "answers"}`);
  page("run").dataset.run = run?.state ?? "none";
  page("no-answers").hidden = answers.length > 0;
  const table = page("answers");
  const wanted = [...(rows?.values() ?? [])];
  if (wanted.length === table.children.length && wanted.every((row, at) => row === table.children[at])) return;
  table.replaceChildren(...wanted);
  table.closest(".scroll").scrollTop = 1e6; // the newest answer is the last row
}

function choose(phone) {
  if (phone === chosen) return;
  chosen = phone;
  for (const { element } of phones) element.dataset.chosen = element === phone.element;
  showStored();
}

let looking, again; // a look is under way; something happened meanwhile, so look once more

async function look() {
  if (document.hidden) return;
  if (looking) { again = true; return; }
  [looking, again] = [true, false];
  try {
    const body = JSON.stringify({ numbers: phones.map(({ number }) => number) });
    const response = await fetch("/simulator/look", { method: "POST", body, headers: { "Content-Type": "application/json" } });
    const { phones: views } = await response.json();
    for (const phone of phones) if (views[phone.number]) phone.seen(views[phone.number]);
    connected(true);
  } catch {
    connected(false);
  }
  looking = false;
  if (again) look();
}

function connected(yes) {
  page("link").dataset.link = yes;
  put(page("link"), yes ? "Connected" : "Izwi does not answer");
}

function addPhone() {
  const phone = new Phone(config.numbers[phones.length]);
  phones.push(phone);
  page("phones").append(phone.element);
  page("add-phone").disabled = phones.length >= Math.min(5, config.numbers.length);
  choose(phone);
  look();
}

async function start() {
  try {
    config = await (await fetch("/simulator/config")).json();
  } catch {
    connected(false);
    return setTimeout(start, 1000);
  }
  page("add-phone").onclick = addPhone;
  page("clear-log").onclick = () => page("log").replaceChildren();
  addPhone();
  setInterval(look, 1000);
  setInterval(() => phones.forEach((phone) => phone.tick()), 500);
  document.addEventListener("visibilitychange", look);
}

start();
