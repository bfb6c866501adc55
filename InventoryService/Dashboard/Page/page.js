// The page: the key, the stream, and the announcements.

import { act, useKey } from './actions.js';
import { disconnect, draw } from './draw.js';
import { byId, time } from './elements.js';
import { watch } from './stream.js';

const place = 'seckill-ops-key';
let stop = () => {};
let last = null;
let said = null;

byId('gate-form').onsubmit = event => {
  event.preventDefault();
  open(byId('key').value);
};
byId('leave').onclick = () => leave('');
byId('quarantine-open').onclick = event => event.currentTarget.ariaDisabled !== 'true' && act('quarantine');

const kept = sessionStorage.getItem(place);
if (kept) {
  open(kept);
} else {
  leave('');
}

function open(key) {
  useKey(key);
  stop();
  stop = watch(key, {
    snapshot: now => {
      if (byId('main').hidden) {
        sessionStorage.setItem(place, key);
        byId('key').value = '';
        byId('gate').hidden = true;
        byId('main').hidden = byId('leave').hidden = false;
      }
      link('live', 'Live');
      last = now;
      draw(now, act);
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
    refused: () => leave('This is not the ops key.'),
  });
}

function leave(error) {
  stop();
  useKey('');
  last = said = null;
  sessionStorage.removeItem(place);
  byId('dialog').close();
  byId('main').hidden = byId('leave').hidden = true;
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
