// The page: the sign-in, the stream, and the announcements. The key is sent once; what the browser keeps is a cookie that no script reads.

import { act } from './actions.js';
import { disconnect, draw } from './draw.js';
import { byId, time } from './elements.js';
import { refreshLists } from './lists.js';
import { watch } from './stream.js';

const session = '/dashboard/session';
let stop = () => {};
let last = null;
let said = null;

byId('gate-form').onsubmit = event => {
  event.preventDefault();
  signIn(byId('key').value);
};
byId('leave').onclick = () => {
  fetch(session, { method: 'DELETE' }).catch(() => {});
  leave('');
};
byId('quarantine-open').onclick = event => event.currentTarget.ariaDisabled !== 'true' && act('quarantine');

const known = await fetch(session).catch(() => null);
if (known?.status === 200) {
  open(await known.json());
} else {
  leave('');
}

async function signIn(key) {
  byId('key-error').textContent = '';
  const answer = await fetch(session, { method: 'POST', headers: { Authorization: 'Bearer ' + key } }).catch(() => null);
  if (answer?.ok) {
    byId('key').value = '';
    open(await answer.json());
    return;
  }
  leave(!answer ? 'InventoryService does not answer.'
    : answer.status === 401 ? 'This is not the ops key.'
      : answer.status === 429 ? 'Too many wrong keys; wait a second.' : `The sign-in failed (${answer.status}).`);
}

function open({ operator, role }) {
  byId('who').textContent = `${operator} (${role})`;
  stop();
  stop = watch({
    snapshot: now => {
      if (byId('main').hidden) {
        byId('gate').hidden = true;
        byId('main').hidden = byId('leave').hidden = byId('who').hidden = false;
      }
      link('live', 'Live');
      last = now;
      draw(now, act);
      refreshLists(now.at);
      say(now.incidents);
    },
    lost: () => {
      link('lost', last ? `No connection; as of ${time(last.at)} UTC` : 'No connection');
      if (last) {
        disconnect();
        byId('verdict').dataset.tone = 'Broken';
        byId('headline').textContent = 'InventoryService does not answer.';
        document.title = '✕ No connection – Seckill';
        byId('detail').textContent = `Values as of ${time(last.at)} UTC. The sale continues without it; retrying.`;
      } else {
        byId('key-error').textContent = 'InventoryService does not answer; retrying.';
      }
    },
    refused: () => leave('Your session is over.'),
  });
}

function leave(error) {
  stop();
  last = said = null;
  byId('dialog').close();
  byId('main').hidden = byId('leave').hidden = byId('who').hidden = true;
  byId('gate').hidden = false;
  byId('key-error').textContent = error;
  byId('key').focus();
  byId('key').select();
  link('none', 'Not connected');
}

function link(state, text) {
  document.body.dataset.link = state;
  if (byId('link').textContent !== text) {
    byId('link').textContent = text;
  }
}

// Announces only new incidents and ends, and not each change of a number.
function say(incidents) {
  const now = new Set(incidents.map(incident => `${incident.id} ${incident.ended !== null}`));
  const news = said && incidents.filter(incident => !said.has(`${incident.id} ${incident.ended !== null}`));
  said = now;
  if (news?.length > 0) {
    byId('announce').textContent = news.map(incident => incident.headline + '.').join(' ');
  }
}
