// Lists that are read while an operator has them open: the calendar of sales, the refunds that wait, and the webhooks.

import { act, send } from './actions.js';
import { byId, count, keyed, make, nameOf, number, set, time } from './elements.js';

const everyMilliseconds = 5_000;
const most = 200; // entries
const states = { created: 'planned, not opened', closed: 'closed, to be archived' };

// What of an entry is a row: its key, when it is, what it is, how it is, and what can be done.
const lists = {
  calendar: {
    path: `/sales?archived=false&limit=${most}`,
    none: 'No sale is planned, on, or to be archived.',
    sort: (sale, other) => Date.parse(sale.opensAt) - Date.parse(other.opensAt),
    row: (sale, at) => ({
      key: sale.saleId, when: `${moment(sale.opensAt)} to ${until(sale)} UTC`, name: nameOf(sale),
      text: [
        states[sale.state] ?? (at < Date.parse(sale.opensAt) ? 'opened, its stock is loaded' : at < Date.parse(sale.closesAt) ? 'on' : 'over'),
        count(sale.items.length, 'item'), count(sale.items.reduce((sum, item) => sum + item.allocated, 0), 'unit'),
        ...sale.waitingRoom ? ['waiting room'] : [],
      ].join(', '),
      actions: { created: ['open'], open: ['close'], closed: ['open', 'archive'] }[sale.state],
    }),
  },
  'refund-list': {
    path: `/refunds?settled=false&limit=${most}`,
    none: 'No payment waits.',
    row: refund => ({
      key: refund.id, when: moment(refund.createdAt) + ' UTC', name: `Payment ${refund.paymentId}`,
      text: `${number(refund.amount)} minor units of ${refund.currency}, ${refund.reason.replaceAll('-', ' ')}, order ${refund.orderId}`,
      actions: ['settle'],
    }),
  },
  'webhook-list': {
    path: '/webhooks',
    none: 'No endpoint is registered.',
    row: webhook => ({
      key: webhook.id, when: webhook.deliveredAt ? `delivered ${moment(webhook.deliveredAt)} UTC` : 'nothing delivered yet',
      name: webhook.url, isBroken: webhook.state === 'dead',
      text: `${webhook.state}, ${count(webhook.waiting, 'event')} behind${webhook.error ? `: ${webhook.error}` : ''}`,
      actions: webhook.state === 'active' ? [] : ['replay'],
    }),
  },
};
let now = 0; // by the clock of the server

for (const id of Object.keys(lists)) {
  byId(id).ontoggle = () => readOpen(true);
}
byId('dialog').addEventListener('close', () => readOpen(true));

/** Reads what is open and not new any more. */
export function refreshLists(at) {
  now = Date.parse(at);
  readOpen(false);
}

function readOpen(isUrgent) {
  for (const [id, list] of Object.entries(lists)) {
    const isOld = performance.now() - (list.readAt ?? -everyMilliseconds) >= everyMilliseconds;
    if (byId(id).open && (isUrgent || isOld)) {
      list.readAt = performance.now();
      read(byId(id), list);
    }
  }
}

async function read(element, list) {
  const note = element.querySelector('.soft');
  let entries;
  try {
    entries = await send('GET', list.path);
  } catch (error) {
    set(note, error.message);
    return;
  }
  set(note, entries.length === 0 ? list.none : entries.length === most ? `The newest ${most}; there may be more.` : '');
  const rows = entries.sort(list.sort).map(entry => ({ entry, ...list.row(entry, now) }));
  keyed(element.querySelector('.rows'), rows, row => row.key, create, drawRow);
}

function create() {
  return make('li', '', make('strong'), make('span', 'when'), make('p'), make('div', 'actions'));
}

function drawRow(element, row) {
  element.now = row.entry;
  set(element.querySelector('strong'), row.name);
  set(element.querySelector('.when'), row.when);
  set(element.querySelector('p'), row.text);
  element.querySelector('p').classList.toggle('broken', row.isBroken === true);
  keyed(element.querySelector('.actions'), row.actions, action => action, action => createButton(element, action),
    (button, action) => button.setAttribute('aria-label', `${titleOf(action)}: ${row.name}`));
}

function createButton(element, action) {
  const button = make('button', '', titleOf(action));
  button.type = 'button';
  button.dataset.action = action;
  button.onclick = () => button.ariaDisabled !== 'true' && act(action, element.now);
  return button;
}

function until({ opensAt, closesAt }) {
  return opensAt.slice(0, 10) === closesAt.slice(0, 10) ? time(closesAt) : moment(closesAt);
}

const titleOf = action => action === 'settle' ? 'Mark as done' : action[0].toUpperCase() + action.slice(1);
const moment = iso => `${iso.slice(0, 10)} ${time(iso)}`;
