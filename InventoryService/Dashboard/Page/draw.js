// Draws a snapshot. Elements are kept from one to the next, so that focus and selection survive.

import { byId, count, keyed, make, nameOf, number, set, svg, time } from './elements.js';
import { showOpening } from './opening.js';

const tenth = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });
const routes = { returns: 'PostgreSQL → Redis', sweeper: 'Redis → RabbitMQ', audit: 'Redis = PostgreSQL', rebuild: 'PostgreSQL → Redis' };
const phases = { planned: 'planned, not opened', upcoming: 'opens', on: 'on', over: 'over', closed: 'closed' };
const history = new Map();
let today = ''; // by the clock of the server
const remembered = 60;
const unfolded = 12; // sales; the server adds those that have just ended
const newest = 6; // incidents that are not folded
// What an action cannot do without.
const needs = {
  open: ['PostgreSQL', 'Redis'], close: ['PostgreSQL', 'Redis'], audit: ['PostgreSQL', 'Redis'], repair: ['PostgreSQL', 'Redis'],
  rebuild: ['PostgreSQL', 'Redis', 'RabbitMQ'], stock: ['PostgreSQL', 'Redis'], archive: ['PostgreSQL', 'Redis'], quarantine: ['PostgreSQL', 'RabbitMQ'],
  settle: ['PostgreSQL'], replay: ['PostgreSQL'],
};
const all = ['PostgreSQL', 'Redis', 'RabbitMQ'];

export function draw(now, act) {
  set(byId('headline'), now.verdict.headline);
  set(byId('detail'), now.verdict.detail);
  byId('verdict').dataset.tone = now.verdict.tone;
  document.title = (now.verdict.tone === 'Broken' ? '✕ ' : '') + now.verdict.headline + ' – Seckill';
  today = now.at.slice(0, 10);
  set(byId('clock'), time(now.at) + ' UTC');
  traffic(now.traffic);
  keyed(byId('road'), now.road, station => station.id, createStation, drawStation);
  keyed(byId('upkeep'), now.upkeep, station => station.id, createStation, drawStation);
  // Stock and orders are of the same moment, however old that is.
  const isOld = now.salesAgeSeconds === null || now.salesAgeSeconds > 4;
  set(byId('sales-age'), isOld && now.sales.length > 0 ? age(now.salesAgeSeconds) : '');
  const ended = now.sales.filter((sale, place) => place >= unfolded || sale.phase === 'over'
    || (sale.phase === 'closed' && Date.parse(sale.closesAt) <= Date.parse(now.at)));
  for (const [id, sales] of [['sales', now.sales.filter(sale => !ended.includes(sale))], ['sales-ended', ended]]) {
    byId(id).dataset.stale = isOld ? 'old' : '';
    keyed(byId(id), sales, sale => sale.saleId, sale => createSale(sale, act), (element, sale) => drawSale(element, sale, act, isOld));
  }
  byId('sales-fold').hidden = ended.length === 0;
  set(byId('sales-fold-title'), count(ended.length, 'sale') + (ended.length === 1 ? ' that has ended' : ' that have ended'));
  const more = now.salesInAll - now.sales.length;
  set(byId('sales-more'), now.sales.length === 0 ? 'No sale has been created yet.' : more > 0 ? `And ${count(more, 'more sale')}.` : '');
  byId('quarantine').hidden = now.quarantined === 0;
  set(byId('quarantine-text'), `${count(now.quarantined, 'order')} could not be persisted. None is lost.`);
  byId('refunds').hidden = now.refunds === 0;
  set(byId('refunds-text'), `${number(now.refunds)} ${now.refunds === 1 ? 'payment waits' : 'payments wait'} to be sent back.`);
  const early = now.incidents.filter((incident, place) => place >= newest && !isLasting(incident));
  for (const [id, list] of [['incidents', now.incidents.filter(one => !early.includes(one))], ['incidents-earlier', early]]) {
    keyed(byId(id), list, incident => incident.id, createIncident, drawIncident);
  }
  byId('incidents-fold').hidden = early.length === 0;
  byId('incidents-none').hidden = now.incidents.length > 0;
  dualWrite(now.dualWrite);
  showOpening(now.next);
  block(now.down.map(store => store.name), now.down.map(store => store.reason).join(', '));
}

/** Without a connection, rates are unknown; old rates are never shown, and no action works. */
export function disconnect() {
  traffic(null);
  history.clear();
  block(all, 'InventoryService does not answer');
}

// An action that cannot work says why. It keeps its focus, which a disabled button would lose.
function block(down, reason) {
  const cannot = action => needs[action].some(store => down.includes(store));
  for (const button of document.querySelectorAll('#main [data-action]')) {
    button.toggleAttribute('aria-disabled', false);
    if (cannot(button.dataset.action)) {
      button.setAttribute('aria-disabled', 'true');
    }
    button.title = cannot(button.dataset.action) ? reason + '.' : '';
  }
  const blocked = ['open', 'close', 'audit', 'repair', 'rebuild', 'archive', 'stock'].filter(cannot);
  byId('sales-why').hidden = blocked.length === 0;
  set(byId('sales-why'), blocked.length === 0 ? '' : `${reason}: ${blocked.length === 1 ? 'Rebuild does' : 'the actions do'} not work.`);
  byId('quarantine-why').hidden = !cannot('quarantine');
  set(byId('quarantine-why'), `${reason}: a replay does not work.`);
}

function age(seconds) {
  return seconds === null ? 'Stock: unknown.'
    : `Stock and orders as of ${seconds < 120 ? Math.round(seconds) + ' s' : Math.round(seconds / 60) + ' min'} ago.`;
}

function traffic(rates) {
  const refusedInAll = rates && rates.refused.reduce((sum, refusal) => sum + refusal.perSecond, 0);
  figure('accepted', rates && number(Math.round(rates.accepted)));
  figure('refused', rates && number(Math.round(refusedInAll)));
  figure('p50', rates && milliseconds(rates.p50Milliseconds));
  figure('p99', rates && milliseconds(rates.p99Milliseconds));
  spark(byId('accepted-spark'), 'accepted', rates?.accepted ?? null, 0);
  spark(byId('refused-spark'), 'refused', refusedInAll, 0);
  const refusals = rates?.refused ?? [];
  const most = Math.max(1, ...refusals.map(refusal => refusal.perSecond));
  keyed(byId('refusals'), refusals, refusal => refusal.reason,
    () => make('li', '', make('span', 'reason'), make('b', 'rate'), make('span', 'bar', make('i'))),
    (element, refusal) => {
      set(element.children[0], refusal.reason.replaceAll('-', ' '));
      element.children[0].classList.toggle('broken', refusal.tone === 'Broken');
      set(element.children[1], refusal.perSecond < 10 ? tenth.format(refusal.perSecond) : number(Math.round(refusal.perSecond)));
      element.querySelector('i').style.width = 100 * refusal.perSecond / most + '%';
    });
  byId('refusals-none').hidden = refusals.length > 0;
  set(byId('refusals-none'), rates ? 'No request is refused.' : 'Unknown at the moment.');
  byId('shed').hidden = !rates?.shed;
  set(byId('shed'), rates?.shed ?? '');
}

function figure(id, text) {
  set(byId(id), text ?? 'unknown');
  byId(id).classList.toggle('unknown', text === null);
}

function milliseconds(value) {
  return value === null ? '–' : (value < 10 ? value.toFixed(1) : number(Math.round(value))) + ' ms';
}

function createStation(station) {
  const element = make('li', 'station', make('span', 'steps'), make('h3'),
    make('p', 'count', make('span', 'figure'), document.createTextNode(' '), make('span', 'unit')), make('p', 'note'),
    make('span', 'state', '✕'), make('span', 'arrow'));
  element.dataset.station = station.id;
  element.dataset.kind = station.kind;
  element.querySelector('.steps').append(...station.steps.split(' ').filter(Boolean).map(step => make('span', '', step)));
  element.querySelector('.state').setAttribute('aria-hidden', 'true');
  element.querySelector('h3').textContent = station.name;
  if (routes[station.id]) {
    element.querySelector('h3').append(make('small', '', routes[station.id]));
  }
  return element;
}

function drawStation(element, station) {
  element.dataset.tone = station.tone;
  set(element.querySelector('.figure'), station.figure === null ? (station.tone === 'Off' ? 'off' : '–') : number(station.figure));
  set(element.querySelector('.unit'), station.tone === 'Off' ? '' : station.unit);
  set(element.querySelector('.note'), station.note);
}

function createSale(sale, act) {
  const buttons = ['open', 'close', 'audit', 'repair', 'rebuild', 'archive'].map(name => {
    const button = make('button', '', name[0].toUpperCase() + name.slice(1));
    button.type = 'button';
    button.dataset.action = name;
    button.setAttribute('aria-describedby', 'sales-why');
    button.onclick = () => button.ariaDisabled !== 'true' && act(name, button.closest('.sale').now);
    return button;
  });
  const element = make('article', 'sale',
    make('div', 'sale-head', make('h3', '', make('span', 'id'), ' ', make('span', 'name')), make('span', 'phase', make('b'), make('span')), make('div', 'actions', ...buttons)), make('p', 'room soft'), make('div', 'items'),
    make('p', 'more soft'));
  element.dataset.sale = sale.saleId;
  return element;
}

function drawSale(element, sale, act, isOld) {
  element.now = sale;
  element.dataset.phase = sale.phase;
  set(element.querySelector('h3 .id'), '#' + sale.saleId);
  set(element.querySelector('h3 .name'), sale.name);
  set(element.querySelector('.phase b'), phases[sale.phase]);
  set(element.querySelector('.phase span'),
    sale.phase === 'on' ? ` until ${moment(sale.closesAt)}` : sale.phase === 'over' ? ` since ${moment(sale.closesAt)}`
      : sale.phase === 'closed' ? '' : ` ${moment(sale.opensAt)}`);
  for (const button of element.querySelectorAll('.actions button')) {
    button.setAttribute('aria-label', `${button.textContent} ${nameOf(sale)}`);
    button.hidden = button.dataset.action === (sale.state === 'open' ? 'open' : 'close')
      || (sale.state === 'created' && button.dataset.action !== 'open')
      || (sale.state !== 'closed' && button.dataset.action === 'archive');
  }
  element.querySelector('.room').hidden = !sale.room;
  set(element.querySelector('.room'), sale.room ? roomOf(sale.room) : '');
  keyed(element.querySelector('.items'), sale.items, item => item.skuId, item => createItem(element, item, act),
    (row, item) => drawItem(row, sale, item, isOld));
  const more = sale.itemsInAll - sale.items.length;
  set(element.querySelector('.more'), more > 0 ? `And ${count(more, 'more item')}.` : '');
}

function roomOf({ phase, mode, registered, waiting, admitted, perSecond, leftSeconds, noShowPercent }) {
  const left = leftSeconds === null ? '' : leftSeconds < 120 ? `, ${number(leftSeconds)} s to the end` : `, ${number(Math.round(leftSeconds / 60))} min to the end`;
  const some = phase === 'registering' ? `${number(registered)} registered`
    : phase === 'drawing' ? `${number(registered)} registered, drawing`
      : `${number(waiting)} waiting, ${number(admitted)} admitted`
        + (phase === 'admitting' ? `, ${tenth.format(perSecond)} a second${left}` : `, ${phase.replaceAll('-', ' ')}`);
  return `Waiting room: ${some}${noShowPercent > 0 ? `, ${tenth.format(noShowPercent)} % did not come` : ''}${mode === 'open' ? '.' : ` (${mode}).`}`;
}

function createItem(sale, item, act) {
  const add = make('button', '', 'Change stock');
  add.type = 'button';
  add.dataset.action = 'stock';
  add.setAttribute('aria-label', `Change stock of SKU ${item.skuId} in ${nameOf(sale.now)}`);
  add.setAttribute('aria-describedby', 'sales-why');
  const row = make('div', 'item',
    make('div', 'sku', `SKU ${item.skuId}`, make('br'), make('small')),
    make('div', 'left', make('b'), make('small'), make('div', 'bar', make('i'))), svg('spark'), make('div', 'places'), add);
  row.dataset.sku = item.skuId;
  row.querySelector('.bar').setAttribute('aria-hidden', 'true');
  add.onclick = () => add.ariaDisabled !== 'true' && act('stock', sale.now, row.now);
  return row;
}

function price({ price: minor, currency, minorDigits: digits }) {
  return `${(minor / 10 ** digits).toFixed(digits)} ${currency}`;
}

function drawItem(row, sale, item, isOld) {
  row.now = item;
  set(row.querySelector('.sku small'), price(item));
  set(row.querySelector('.left b'), number(item.available));
  set(row.querySelector('.left small'), ` of ${number(item.allocated)} left`);
  row.querySelector('.bar i').style.width = 100 * Math.max(0, item.available ?? 0) / Math.max(1, item.allocated) + '%';
  row.querySelector('button').disabled = sale.state === 'created';
  spark(row.querySelector('svg'), `${sale.saleId}:${item.skuId}`, isOld ? null : item.available, 0, item.allocated);
  const places = row.querySelector('.places');
  const text = [
    [number(item.held), 'held'], [number(item.live), 'in PostgreSQL'],
    [number(item.outbox), item.oldestSeconds > 0 ? `waiting, oldest ${tenth.format(item.oldestSeconds)} s` : 'waiting'],
  ];
  const audit = { Fine: 'audit balances', Broken: item.finding, Unknown: item.finding ?? 'not audited yet', Off: 'not opened yet' }[item.books];
  if (places.dataset.text !== JSON.stringify([text, audit])) {
    places.dataset.text = JSON.stringify([text, audit]);
    places.replaceChildren(...text.map(([value, name]) => make('span', '', make('b', '', value), ' ' + name)),
      make('span', item.books === 'Broken' ? 'broken' : '', audit));
  }
}

function createIncident() {
  return make('li', '', make('span', 'when'), make('strong'), make('p'));
}

const isLasting = incident => incident.tone === 'Broken' && incident.ended === null;

function drawIncident(element, incident) {
  element.classList.toggle('now', isLasting(incident));
  set(element.querySelector('.when'), (isLasting(incident) ? 'since ' : '') + time(incident.ended ?? incident.began));
  set(element.querySelector('strong'), incident.headline);
  set(element.querySelector('p'), incident.detail);
}

function dualWrite(dual) {
  const rows = dual === null ? [['Mode', 'unknown']]
    : dual.mode === 'off' || dual.mode === 'retired' ? [['Mode', dual.mode]] : [
      ['Mode', dual.mode], ['Users who read the new schema', (dual.mode === 'dual' ? dual.readFromNewPercent : 100) + ' %'],
      ['Changes waiting', number(dual.pending)], ['Oldest change waits', tenth.format(dual.lagSeconds) + ' s'],
      ['Verified', number(dual.verified)], ['Different', number(dual.mismatched), dual.mismatched > 0],
      ['Missing', number(dual.missing - dual.older), dual.missing > dual.older],
      ...dual.older > 0 ? [['Older, to backfill', number(dual.older), dual.isBackfillDue]] : [],
      ['Breaker', dual.breaker, dual.breaker !== 'closed'], ...dual.breakerCause ? [['Its cause', dual.breakerCause, true]] : [],
    ];
  keyed(byId('dual'), rows.flatMap(([name, value, broken]) => [{ name }, { name: name + '=', value, broken }]), row => row.name,
    row => make('value' in row ? 'dd' : 'dt'),
    (element, row) => {
      set(element, 'value' in row ? row.value : row.name);
      element.classList.toggle('broken', row.broken === true);
    });
}

function moment(iso) {
  return (iso.slice(0, 10) === today ? '' : iso.slice(0, 10) + ' ') + iso.slice(11, 19) + ' UTC';
}

function spark(element, name, value, low, high) {
  const values = history.get(name) ?? history.set(name, []).get(name);
  if (value !== null && value !== undefined) {
    values.push(value);
    values.splice(0, Math.max(0, values.length - remembered));
  }
  const top = Math.max(high ?? 0, ...values, low + 1);
  // A short history is drawn wider, so that it is visible.
  const width = Math.max(values.length, remembered / 3) - 1;
  element.setAttribute('viewBox', `0 0 ${width} 100`);
  element.setAttribute('preserveAspectRatio', 'none');
  const points = values.map((one, i) => `${width + 1 - values.length + i} ${100 - 100 * (one - low) / (top - low)}`);
  const path = element.firstChild ?? element.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'path'));
  path.setAttribute('d', points.length > 1 ? 'M' + points.join('L') : '');
}
