// The actions of an operator. Each says first what it will do, and afterwards what it did.

import { byId, count, make, nameOf, number } from './elements.js';

const dialog = byId('dialog');
let done = false;
let run = async () => {};

/** Asks for a confirmation and runs the action. */
export function act(name, sale, item) {
  actions[name](sale, item);
}

const actions = {
  open: sale => ask({
    title: `Open ${nameOf(sale)}?`,
    text: `Puts the stock of ${count(sale.items.length, 'item')} into Redis and lets the window decide when they sell. `
      + 'Stock that is already there is never added again.',
    confirm: 'Open the sale',
    run: () => send('POST', `/sales/${sale.saleId}/open`).then(() => ({ text: 'The sale is open; its window decides.' })),
  }),
  close: sale => ask({
    title: `Close ${nameOf(sale)}?`,
    text: 'Selling stops at once, whatever the window says. Accepted orders continue. You can open it again.',
    confirm: 'Close the sale', danger: true,
    run: () => send('POST', `/sales/${sale.saleId}/close`).then(() => ({ text: 'The sale is closed.' })),
  }),
  audit: sale => ask({
    title: `Audit ${nameOf(sale)}?`,
    text: 'Compares Redis with PostgreSQL, order by order, and changes nothing. The sale continues.',
    confirm: 'Audit now',
    run: () => send('POST', `/sales/${sale.saleId}/audit`).then(findings),
  }),
  repair: sale => ask({
    title: `Repair ${nameOf(sale)}?`,
    text: 'Audits and repairs the findings by exact differences; each step is written into audit_repairs. '
      + 'Find the cause first: no code path of Seckill makes a finding. The sale continues.',
    confirm: 'Repair the findings', danger: true,
    run: () => send('POST', `/sales/${sale.saleId}/audit?repair=true`).then(findings),
  }),
  rebuild: sale => ask({
    title: `Rebuild the stock of ${nameOf(sale)}?`,
    text: 'Rebuilds its stock in Redis from PostgreSQL after Redis lost data. Buyers of an item get 503 until it is done, longer if '
      + 'orders cannot be drained. RabbitMQ, PostgreSQL and a worker must run. The rebuild continues without this page.',
    confirm: 'Rebuild the stock', danger: true,
    run: ({ progress }) => rebuild(`/sales/${sale.saleId}/rebuild`, progress),
  }),
  archive: sale => ask({
    title: `Archive ${nameOf(sale)}?`,
    text: 'Stores its export and removes it from Redis, from the storefront and from this page, permanently. Its orders stay readable. '
      + 'Refused while something of it can still change.',
    confirm: 'Archive the sale', danger: true,
    run: () => send('POST', `/sales/${sale.saleId}/archive`).then(made => ({
      text: `The sale is archived: ${count(made.orders, 'order')}, SHA-256 ${made.sha256}.`,
    })),
  }),
  stock: (sale, item) => {
    // One key per dialog, so that a retry after no answer cannot add twice.
    const change = [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, '0')).join('');
    ask({
      title: `Change the stock of SKU ${item.skuId} in #${sale.saleId}?`,
      text: `${nameOf(sale)}: ${left(item)} Added units are for sale at once. `
        + 'A negative number withdraws units that no order holds.',
      input: 'Units to add', confirm: 'Change the stock',
      run: ({ units, partial }) => send(
        'POST', `/sales/${sale.saleId}/items/${item.skuId}/stock`,
        partial && units < 0 ? { delta: units, partial } : { delta: units }, { 'Idempotency-Key': change })
        .then(answer => {
          const one = answer.items.find(one => one.skuId === item.skuId);
          const done = answer.changed === units ? 'Done' : `${count(0 - answer.changed, 'unit')} withdrawn`;
          return { text: `${done}: ${left(one)}` };
        }),
    });
  },
  settle: refund => ask({
    title: `Mark the refund of payment ${refund.paymentId} as done?`,
    text: 'Records that the provider has sent the money back, with your name and the time. It sends nothing itself.',
    confirm: 'Mark as done',
    run: () => send('POST', `/refunds/${refund.id}/settled`).then(marked => ({ text: `Marked as done by ${marked.settledBy}.` })),
  }),
  replay: webhook => ask({
    title: `Try ${webhook.url} again?`,
    text: `Continues behind the last event that it has: ${count(webhook.waiting, 'event')} waiting. Nothing is left out.`,
    confirm: 'Try again',
    run: () => send('POST', `/webhooks/${webhook.id}/replay`, { after: webhook.position }).then(() => ({ text: 'It is tried again.' })),
  }),
  quarantine: async () => {
    const orders = await send('GET', '/quarantine').catch(error => error);
    if (orders instanceof Error) {
      notify('Quarantine', orders.message);
      return;
    }
    ask({
      title: `Replay ${count(orders.length, 'order')}?`,
      text: 'Publishes them again. Orders that can be persisted now leave the quarantine; the others stay, with their new reason.',
      list: orders.slice(0, 20).map(order => `${order.orderId} · SKU ${order.skuId} · ${order.error}`),
      confirm: 'Replay all', disabled: orders.length === 0,
      run: async () => {
        for (const order of orders) {
          await send('POST', `/quarantine/${order.orderId}/replay`);
        }
        return { text: `${count(orders.length, 'order')} published again.` };
      },
    });
  },
};

async function rebuild(path, progress) {
  let job = await send('POST', path);
  while (job.state === 'running') {
    progress(`Working … ${number(job.done)} of ${count(job.items.length, 'item')}`);
    await new Promise(resolve => setTimeout(resolve, 500));
    job = await send('GET', path);
  }
  return {
    text: job.state === 'done' ? 'The stock is rebuilt.' : `${count(job.failed, 'item')} could not be rebuilt and ${job.failed === 1 ? 'sells' : 'sell'} nothing.`,
    list: job.items.map(item => `SKU ${item.skuId}: `
      + (item.state === 'done' ? `${number(item.available)} for sale, ${number(item.held)} held` : item.error)),
  };
}

const left = item => `${number(item.available)} of ${count(item.allocated, 'unit')} ${item.available === 1 ? 'is' : 'are'} left.`;

function findings(answer) {
  const list = answer.items.flatMap(item => item.findings.map(finding =>
    `SKU ${item.skuId} · ${finding.kind}: ${number(finding.actual)} instead of ${number(finding.expected)}`
    + (finding.orderId ? ` · order ${finding.orderId}` : '') + (finding.repair ? ` · ${finding.repair}` : '')));
  return { text: answer.balanced ? 'The audit finds no broken equation.' : 'The audit finds broken equations.', list: list.slice(0, 50) };
}

function notify(title, text) {
  ask({ title, text, confirm: '', run: async () => ({ text: '' }), disabled: true });
}

// The result of an action whose dialog was closed.
function showLate(title, text) {
  if (dialog.open) {
    byId('announce').textContent = `${title} ${text}`;
  } else {
    notify(title, text);
  }
}

function ask({ title, text, confirm, run: what, input, list = [], danger = false, disabled = false }) {
  run = what;
  done = false;
  byId('dialog-title').textContent = title;
  byId('dialog-text').textContent = text;
  byId('dialog-text').hidden = false;
  byId('dialog-input').hidden = !input;
  byId('dialog-label').textContent = input ?? '';
  byId('dialog-number').value = '';
  byId('dialog-partial').checked = false;
  show(list);
  result('');
  const button = byId('dialog-confirm');
  button.textContent = confirm;
  button.hidden = disabled;
  button.disabled = false;
  button.classList.toggle('danger', danger);
  byId('dialog-cancel').textContent = disabled ? 'Close' : 'Cancel';
  dialog.showModal();
  // A stray Enter must not run a dangerous action.
  (input ? byId('dialog-number') : danger || disabled ? byId('dialog-cancel') : button).focus();
}

byId('dialog-cancel').onclick = () => dialog.close();
byId('dialog-form').onsubmit = async event => {
  event.preventDefault();
  const units = Number(byId('dialog-number').value);
  if (done || (!byId('dialog-input').hidden && !(Number.isInteger(units) && units !== 0))) {
    result(done ? byId('dialog-result').textContent : 'This must be a whole number other than 0.', !done);
    return;
  }
  const button = byId('dialog-confirm');
  const asked = run;
  const title = byId('dialog-title').textContent;
  // The dialog may be closed when the answer comes, and another action may be open.
  const isGone = () => asked !== run || !dialog.open;
  button.disabled = true;
  result('Working …');
  try {
    const answer = await asked({ units, partial: byId('dialog-partial').checked, progress: text => isGone() || result(text) });
    if (isGone()) {
      showLate(title, answer.text);
      return;
    }
    done = true;
    byId('dialog-text').hidden = true;
    byId('dialog-input').hidden = true;
    button.hidden = true;
    byId('dialog-cancel').textContent = 'Close';
    byId('dialog-cancel').focus();
    show(answer.list ?? []);
    result(answer.text);
  } catch (error) {
    if (isGone()) {
      showLate(title, error.message);
      return;
    }
    button.disabled = false;
    button.focus();
    result(error.message, true);
  }
};

function show(list) {
  byId('dialog-list').replaceChildren(...list.map(text => make('li', '', text)));
}

function result(text, isError = false) {
  byId('dialog-result').textContent = text;
  byId('dialog-result').classList.toggle('error', isError);
}

/** Asks the ops interface; the ids of sales and SKUs in the answer are text. */
export async function send(method, path, body, headers = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: { ...(body ? { 'Content-Type': 'application/json' } : {}), ...headers },
      body: body && JSON.stringify(body),
    });
  } catch {
    throw new Error('InventoryService did not answer. It is safe to retry.');
  }
  // Ids exceed the exact numbers of a browser, so they are read as text.
  const text = await response.text().catch(() => '');
  const answer = parse(text.replace(/("(?:saleId|skuId)"\s*:\s*)(\d+)/g, '$1"$2"'));
  if (!response.ok) {
    throw new Error([`${answer.title ?? 'Refused.'} (${answer.code ?? response.status})`, ...(answer.reasons ?? [])].join(' '));
  }
  return answer;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
