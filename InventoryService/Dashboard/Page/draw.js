// Draws a snapshot. Elements are kept from one to the next, so that focus and selection survive.

const byId = id => document.getElementById(id);
const whole = new Intl.NumberFormat('en-US');
const tenth = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });
const routes = { returns: 'PostgreSQL → Redis', sweeper: 'Redis → RabbitMQ', audit: 'Redis = PostgreSQL', rebuild: 'PostgreSQL → Redis' };
const phases = { planned: 'planned, not opened', upcoming: 'opens', on: 'on', over: 'over', closed: 'closed' };
const history = new Map();
let today = ''; // by the clock of the server
const remembered = 60;
const unfolded = 12; // sales; the server adds those that have just ended

export const number = value => value === null || value === undefined ? '–' : whole.format(value);
export const time = iso => iso.slice(11, 19);

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
  const redisIsOld = now.redisAgeSeconds === null || now.redisAgeSeconds > 4;
  const postgresIsOld = now.postgresAgeSeconds === null || now.postgresAgeSeconds > 4;
  set(byId('sales-age'), now.sales.length === 0 ? '' : [
    redisIsOld && age('Stock', now.redisAgeSeconds), postgresIsOld && age('Orders', now.postgresAgeSeconds),
  ].filter(Boolean).join(' '));
  for (const [id, sales] of [['sales', now.sales.slice(0, unfolded)], ['sales-ended', now.sales.slice(unfolded)]]) {
    byId(id).dataset.stale = redisIsOld ? 'redis' : '';
    keyed(byId(id), sales, sale => sale.saleId, sale => createSale(sale, act), (element, sale) => drawSale(element, sale, act, redisIsOld));
  }
  byId('sales-fold').hidden = now.sales.length <= unfolded;
  set(byId('sales-more'), now.sales.length === 0 ? 'No sale has been created yet.'
    : now.salesInAll > now.sales.length ? `And ${number(now.salesInAll - now.sales.length)} more sales.` : '');
  byId('quarantine').hidden = now.quarantined === 0;
  set(byId('quarantine-text'), `${number(now.quarantined)} could not be persisted. None is lost.`);
  byId('refunds').hidden = now.refunds === 0;
  set(byId('refunds-text'), `${number(now.refunds)} ${now.refunds === 1 ? 'payment waits' : 'payments wait'} to be sent back.`);
  keyed(byId('incidents'), now.incidents, incident => incident.id, createIncident, drawIncident);
  byId('incidents-none').hidden = now.incidents.length > 0;
  dualWrite(now.dualWrite);
}

/** Without a connection, rates are unknown; old rates are never shown. */
export function forgetRates() {
  traffic(null);
  history.clear();
}

function age(what, seconds) {
  return seconds === null ? `${what}: unknown.` : `${what} as of ${seconds < 120 ? Math.round(seconds) + ' s' : Math.round(seconds / 60) + ' min'} ago.`;
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
  const buttons = ['open', 'close', 'audit', 'repair', 'rebuild'].map(name => {
    const button = make('button', '', name[0].toUpperCase() + name.slice(1));
    button.type = 'button';
    button.dataset.action = name;
    button.onclick = () => act(name, button.closest('.sale').now);
    return button;
  });
  const element = make('article', 'sale',
    make('div', 'sale-head', make('h3'), make('span', 'phase', make('b'), make('span')), make('div', 'actions', ...buttons)), make('div', 'items'),
    make('p', 'more soft'));
  element.dataset.sale = sale.saleId;
  return element;
}

function drawSale(element, sale, act, isOld) {
  element.now = sale;
  element.dataset.phase = sale.phase;
  set(element.querySelector('h3'), sale.name);
  set(element.querySelector('.phase b'), phases[sale.phase]);
  set(element.querySelector('.phase span'),
    sale.phase === 'on' ? ` until ${moment(sale.closesAt)}` : sale.phase === 'over' ? ` since ${moment(sale.closesAt)}`
      : sale.phase === 'closed' ? '' : ` ${moment(sale.opensAt)}`);
  for (const button of element.querySelectorAll('.actions button')) {
    button.setAttribute('aria-label', `${button.textContent} ${sale.name}`);
    button.hidden = button.dataset.action === (sale.state === 'open' ? 'open' : 'close')
      || (sale.state === 'created' && button.dataset.action !== 'open');
  }
  keyed(element.querySelector('.items'), sale.items, item => item.skuId, item => createItem(element, item, act),
    (row, item) => drawItem(row, sale, item, isOld));
  const more = sale.itemsInAll - sale.items.length;
  set(element.querySelector('.more'), more > 0 ? `And ${number(more)} more items.` : '');
}

function createItem(sale, item, act) {
  const add = make('button', '', 'Change stock');
  add.type = 'button';
  add.dataset.action = 'stock';
  add.setAttribute('aria-label', `Change the stock of SKU ${item.skuId}`);
  const row = make('div', 'item',
    make('div', 'sku', `SKU ${item.skuId}`, make('br'), make('small')),
    make('div', 'left', make('b'), make('small'), make('div', 'bar', make('i'))), svg('spark'), make('div', 'places'), add);
  row.dataset.sku = item.skuId;
  row.querySelector('.bar').setAttribute('aria-hidden', 'true');
  add.onclick = () => act('stock', sale.now, row.now);
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
  const audit = { Fine: 'audit balances', Broken: item.finding, Unknown: 'not audited yet', Off: 'not opened yet' }[item.books];
  if (places.dataset.text !== JSON.stringify([text, audit])) {
    places.dataset.text = JSON.stringify([text, audit]);
    places.replaceChildren(...text.map(([value, name]) => make('span', '', make('b', '', value), ' ' + name)),
      make('span', item.books === 'Broken' ? 'broken' : '', audit));
  }
}

function createIncident() {
  return make('li', '', make('span', 'when'), make('strong'), make('p'));
}

function drawIncident(element, incident) {
  element.classList.toggle('now', incident.tone === 'Broken' && incident.ended === null);
  set(element.querySelector('.when'), time(incident.ended ?? incident.began));
  set(element.querySelector('strong'), incident.headline);
  set(element.querySelector('p'), incident.detail);
}

function dualWrite(dual) {
  const rows = dual === null ? [['Mode', 'unknown']]
    : dual.mode === 'off' || dual.mode === 'retired' ? [['Mode', dual.mode]] : [
      ['Mode', dual.mode], ['Users who read the new schema', (dual.mode === 'dual' ? dual.readFromNewPercent : 100) + ' %'],
      ['Changes waiting', number(dual.pending)], ['Oldest change waits', tenth.format(dual.lagSeconds) + ' s'],
      ['Verified', number(dual.verified)], ['Different', number(dual.mismatched), dual.mismatched > 0],
      ['Missing', number(dual.missing), dual.missing > 0], ['Breaker', dual.breaker, dual.breaker !== 'closed'],
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

function svg(name) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  element.setAttribute('class', name);
  element.setAttribute('aria-hidden', 'true');
  return element;
}

export function make(tag, name = '', ...children) {
  const element = document.createElement(tag);
  if (name) {
    element.className = name;
  }
  element.append(...children);
  return element;
}

function set(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

// One element for each thing, created once, in the same order.
function keyed(parent, things, keyOf, create, update) {
  const old = new Map([...parent.children].map(element => [element.dataset.key, element]));
  let place = parent.firstElementChild;
  for (const thing of things) {
    const key = String(keyOf(thing));
    let element = old.get(key);
    old.delete(key);
    if (!element) {
      element = create(thing);
      element.dataset.key = key;
    }
    if (element === place) {
      place = place.nextElementSibling;
    } else {
      parent.insertBefore(element, place);
    }
    update(element, thing);
  }
  for (const element of old.values()) {
    element.remove();
  }
}
