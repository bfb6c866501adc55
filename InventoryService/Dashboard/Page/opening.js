// The countdown to the next opening. The clock of Redis decides when a sale opens; this only counts on from its last reading.

import { byId, keyed, make, nameOf, set } from './elements.js';

const here = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'short',
});
const states = { Fine: ['✓', 'yes'], Broken: ['✕', 'broken'], Off: ['○', 'not yet'], Unknown: ['?', 'unknown'] };
let opening = null;
let readAt = 0;

setInterval(tick, 250);

/** Shows it; hides it when there is none. */
export function showOpening(next) {
  [opening, readAt] = [next, performance.now()];
  byId('next').hidden = next === null;
  if (next !== null) {
    set(byId('next-name'), nameOf(next));
    keyed(byId('checks'), next.checks, check => check.id, createCheck, drawCheck);
    tick();
  }
}

function tick() {
  if (opening === null) {
    return;
  }
  const redis = Date.parse(opening.redisNow) + performance.now() - readAt;
  const opensAt = new Date(opening.opensAt);
  set(byId('countdown'), clock(Math.max(0, Math.ceil((opensAt - redis) / 1000))));
  set(byId('next-times'), `Opens ${here.format(opensAt)}. Redis' clock: ${new Date(redis).toISOString().slice(11, 19)} UTC.`);
}

function clock(seconds) {
  const two = value => String(Math.floor(value)).padStart(2, '0');
  const days = Math.floor(seconds / 86400);
  return (days === 0 ? '' : days === 1 ? '1 day ' : `${days} days `)
    + [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60].map(two).join(':');
}

function createCheck(check) {
  const sign = make('span', 'sign');
  sign.setAttribute('aria-hidden', 'true');
  const element = make('li', '', sign, make('b', '', check.name), make('span', 'unseen'), make('span', 'soft'));
  element.dataset.check = check.id;
  return element;
}

function drawCheck(element, check) {
  element.dataset.tone = check.tone;
  set(element.children[0], states[check.tone][0]);
  set(element.children[2], `: ${states[check.tone][1]}; `);
  set(element.children[3], check.note);
}
