// The page of a buyer in a waiting room: /queue?sale=1&sku=1001#<token of the buyer>. The token stands behind the #, which no server and no
// log gets, and leaves the address at once.
import { words } from '/queue/words.js';
import { check, solve } from '/queue/verify.js';

const language = navigator.languages.map(tag => tag.slice(0, 2)).find(tag => words[tag]) ?? 'en';
const say = (key, values = {}) =>
  (words[language][key] ?? '').replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
const find = id => document.getElementById(id);
const query = new URLSearchParams(location.search);
const [sale, sku] = [query.get('sale') ?? '', query.get('sku') ?? ''];
const token = location.hash.slice(1) || sessionStorage.getItem('token');
const orderKey = sessionStorage.getItem(`order-${sale}`) ?? crypto.randomUUID();
let timer = 0, receipt = null, order = null, isChecked = false;

// JSON.parse would round the user id; the page needs it as text, from the token.
const userOf = jwt => JSON.parse(atob(jwt.split('.')[1].replace(/-/g, '+').replace(/_/g, '/'))).sub;

function show(state, detail, action, run) {
  if (find('state').textContent !== state) find('state').textContent = state;
  find('detail').textContent = detail ?? '';
  const button = find('act');
  const hadFocus = document.activeElement === button;
  button.hidden = !action;
  button.textContent = action ?? '';
  button.onclick = action ? run : null;
  if (hadFocus && action) button.focus();
}

function time(seconds) {
  const [unit, size] = seconds >= 7200 ? ['hours', 3600] : seconds >= 120 ? ['minutes', 60] : ['seconds', 1];
  return say(unit, { n: Math.max(1, Math.round(seconds / size)) });
}

async function ask(method, path, headers = {}, body = undefined) {
  const response = await fetch(path, {
    method, body, cache: 'no-store', signal: AbortSignal.timeout(15000),
    headers: { Authorization: `Bearer ${token}`, ...(body ? { 'Content-Type': 'application/json' } : {}), ...headers },
  });
  const wait = Number(response.headers.get('Retry-After') ?? 0);
  const text = await response.text();
  return { status: response.status, wait, text, body: JSON.parse(text) };
}

// Asks again in time; after an outage with growing pauses, so that a crowd of pages does not come back at one moment.
let failures = 0;
async function run(method = 'GET') {
  clearTimeout(timer);
  try {
    let answer = await ask(method, `/sales/${sale}/queue`);
    while (answer.body.code === 'work-required') {
      show(say('working'));
      answer = await ask(method, `/sales/${sale}/queue`, { 'Queue-Work': await solve(answer.body.challenge, answer.body.bits) });
    }

    find('connection').textContent = '';
    failures = 0;
    const pause = answer.status === 202 ? tell(answer.body) : refuse(answer);
    if (answer.status === 202) await prove();
    if (pause) timer = setTimeout(run, pause * 1000);
  } catch {
    find('connection').textContent = say('offline');
    timer = setTimeout(() => run(method), Math.min(30, 2 ** failures++) * 1000 * (0.5 + Math.random()));
  }
}

function refuse({ status, wait, body }) {
  if (body.code === 'not-registered') show('', '', say('register'), () => run('POST'));
  else if (status === 429 || status === 503 || body.code === 'room-not-open') {
    find('connection').textContent = body.code === 'room-not-open' ? body.title : say('offline');
    return Math.min(60, Math.max(1, wait));
  } else show(say('refused', { n: body.title ?? status }));
  return 0;
}

function tell(place) {
  if (order) return 0;
  const ended = place.state === 'ended' ? place.reason : null;
  if (ended) {
    const again = ended === 'turn-missed';
    show(say(ended), say(`${ended}Detail`), again ? say('again') : null, again ? () => run('POST') : null);
  } else if (place.state === 'registered') show(say('registered'), say('registeredDetail', { time: time(place.etaSeconds ?? 1) }));
  else if (place.state === 'waiting') {
    show(place.ahead > 0 ? say('waiting', { n: place.ahead.toLocaleString(language) }) : say('waitingNext'),
      place.etaSeconds === null ? say('waitingUnknown') : say('waitingDetail', { time: time(place.etaSeconds) }));
  } else {
    const left = (Date.parse(place.passExpiresAt) - Date.now()) / 1000;
    show(say('admitted'), say('admittedDetail', { time: time(left) }), say('order'), () => buy(place.pass));
  }

  return place.pollAfterSeconds ?? 0;
}

async function buy(pass) {
  find('act').disabled = true;
  sessionStorage.setItem(`order-${sale}`, orderKey);
  try {
    const answer = await ask('POST', '/orders', { 'Sale-Pass': pass, 'Idempotency-Key': orderKey },
      `{"saleId":${BigInt(sale)},"skuId":${BigInt(sku)},"quantity":1}`);
    if (answer.status === 202) {
      order = answer.body;
      clearTimeout(timer);
      const payBy = new Date(order.payBy).toLocaleTimeString(language);
      show(say('ordered'), say('orderedDetail', { n: order.orderId, time: payBy }));
    } else find('connection').textContent = say('refused', { n: answer.body.title });
  } catch {
    find('connection').textContent = say('offline');
  } finally {
    find('act').disabled = false;
  }
}

// The receipt is fetched before the draw, and until it; then the draw is computed on this device. It is saved as it came: a script would
// round the ids.
async function prove() {
  if (isChecked) return;
  const answer = await ask('GET', `/sales/${sale}/queue/receipt`);
  if (answer.status !== 200) return;
  const isFirst = !receipt;
  if (!isFirst && (receipt.leaf !== answer.body.leaf || receipt.proof.commitment !== answer.body.proof.commitment)) {
    find('checked').textContent = say('wrong');
    isChecked = true;
    return;
  }

  receipt = answer.body;
  if (isFirst) {
    find('fair').hidden = false;
    find('fair-title').textContent = say('fair');
    find('fair-text').textContent = say('fairText');
    find('commitment').textContent = receipt.proof.commitment;
    find('receipt').textContent = say('receipt');
    find('receipt').hidden = false;
  }

  find('receipt').href = URL.createObjectURL(new Blob([answer.text], { type: 'application/json' }));
  if (receipt.proof.seed) {
    isChecked = true;
    if (receipt.path) {
      const proved = await check(receipt, sale, userOf(token));
      find('checked').textContent = proved === receipt.position ? say('checked', { n: proved }) : say('wrong');
    }
  }
}

document.documentElement.lang = language;
document.title = find('title').textContent = say('title');
history.replaceState(null, '', location.pathname + location.search);
if (token && /^[1-9]\d*$/.test(sale) && /^[1-9]\d*$/.test(sku)) {
  sessionStorage.setItem('token', token);
  document.addEventListener('visibilitychange', () => document.hidden || order || run());
  run();
} else show(say('missing'));
