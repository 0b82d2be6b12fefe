// The script with ussd-menu-builder and express: node server.js PORT '["1", "1", …]'.
// A menu is built for each request: one that requests share crosses replies between phones as soon as its session
// store answers later. Answers are kept in memory, as in the library's README, and go when the session ends.
"use strict";
const express = require("express");
const UssdMenu = require("ussd-menu-builder");

const [port, replies] = [Number(process.argv[2]), JSON.parse(process.argv[3])];
const names = [UssdMenu.START_STATE, ...replies.map((_, step) => `question${step + 1}`)];
const sessions = new Map();
const store = {
  start: (id, done) => { if (!sessions.has(id)) sessions.set(id, {}); done(); },
  get: (id, key, done) => done(null, sessions.get(id)[key]),
  set: (id, key, value, done) => { sessions.get(id)[key] = value; done(); },
  end: (id, done) => { sessions.delete(id); done(); },
};

function build() {
  const menu = new UssdMenu();
  menu.sessionConfig(store);
  names.forEach((name, step) => {
    const last = step === replies.length;
    const run = () => {
      if (step > 0) menu.session.set(name, menu.val);
      return last ? menu.end("x") : menu.con("x");
    };
    menu.state(name, { run, next: last ? undefined : { [replies[step]]: names[step + 1] } });
  });
  return menu;
}

const app = express();
app.use(express.urlencoded({ extended: false }));
app.get("/healthz", (request, response) => response.send("ok"));
app.post("/ussd", (request, response) => build().run(request.body, (screen) => response.send(screen)));
app.listen(port, "127.0.0.1");
