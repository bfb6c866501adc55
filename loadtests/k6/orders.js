// Orders of one item, sent by k6; each request with the next buyer's token. See loadtests/README.md.
//
//   k6 run -e URL=http://localhost:8080 -e SALE=1 -e SKU=1001 -e TOKENS=/tmp/tokens loadtests/k6/orders.js
//
// RATE     visitors per second in an open loop; without it a closed loop of VUS users (512)
// SECONDS  duration (8)
// P99      pass mark in milliseconds (1000)
import http from 'k6/http';
import exec from 'k6/execution';
import { Counter } from 'k6/metrics';
import { SharedArray } from 'k6/data';

const tokens = new SharedArray('tokens', () => open(__ENV.TOKENS).split('\n').filter((token) => token !== ''));
const body = `{"saleId":${__ENV.SALE},"skuId":${__ENV.SKU},"quantity":1}`;
const duration = `${__ENV.SECONDS || 8}s`;
const accepted = new Counter('orders_accepted');
const soldOut = new Counter('orders_sold_out');
const unexpected = new Counter('orders_unexpected');

// A refusal is an answer, not a failure.
http.setResponseCallback(http.expectedStatuses(202, 409));

export const options = {
  scenarios: {
    orders: __ENV.RATE
      ? { executor: 'constant-arrival-rate', rate: Number(__ENV.RATE), timeUnit: '1s', duration, preAllocatedVUs: 500, maxVUs: 2000 }
      : { executor: 'constant-vus', vus: Number(__ENV.VUS || 512), duration },
  },
  thresholds: {
    http_req_failed: ['rate<=0.001'],
    http_req_duration: [`p(99)<=${__ENV.P99 || 1000}`],
    orders_unexpected: ['count==0'],
  },
};

export default function () {
  const token = tokens[exec.scenario.iterationInTest % tokens.length];
  const answer = http.post(`${__ENV.URL.replace(/\/$/, '')}/orders`, body, {
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
  });
  if (answer.status === 202) {
    accepted.add(1);
  } else if (answer.status === 409 && answer.json('code') === 'sold-out') {
    soldOut.add(1);
  } else {
    unexpected.add(1);
  }
}
