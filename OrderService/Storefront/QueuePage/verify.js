// Computes a draw again, from docs/decisions/0048 alone and not from the code of the service.
const bytes = hex => Uint8Array.from(hex.match(/../g) ?? [], byte => parseInt(byte, 16));
const hex = array => Array.from(array, byte => byte.toString(16).padStart(2, '0')).join('');
const text = string => new TextEncoder().encode(string);
const integer = number => {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigInt64(0, BigInt(number));
  return new Uint8Array(view.buffer);
};

async function sha256(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }

  return new Uint8Array(await crypto.subtle.digest('SHA-256', all));
}

export async function position(seed, count, place) {
  let rows = 1;
  while (rows * rows < count) rows++;
  const columns = Math.max(1, Math.ceil(count / rows));
  let cell = place;
  do {
    let row = Math.floor(cell / columns), column = cell % columns;
    for (let round = 0; round < 8; round++) {
      const half = new DataView(new ArrayBuffer(4));
      half.setUint32(0, round % 2 === 0 ? column : row);
      const hash = await sha256(bytes(seed), Uint8Array.of(round), new Uint8Array(half.buffer));
      const mixed = new DataView(hash.buffer).getBigUint64(0);
      if (round % 2 === 0) row = (row + Number(mixed % BigInt(rows))) % rows;
      else column = (column + Number(mixed % BigInt(columns))) % columns;
    }

    cell = row * columns + column;
  } while (cell >= count);
  return cell + 1;
}

async function root(leaf, index, count, path) {
  let node = bytes(leaf), used = 0;
  for (let at = index, last = count - 1; last > 0; at >>= 1, last >>= 1) {
    if (at === last && at % 2 === 0) continue;
    const sibling = bytes(path[used++] ?? '');
    node = at % 2 === 0 ? await sha256(Uint8Array.of(1), node, sibling) : await sha256(Uint8Array.of(1), sibling, node);
  }

  return used === path.length ? hex(node) : null;
}

// The position that the receipt proves, or null when anything does not fit. User ids come as text: they exceed a JavaScript number.
export async function check(receipt, saleId, userId) {
  const { proof } = receipt;
  if (proof.algorithm !== 'seckill-queue-v1' || !proof.seed || !receipt.path) return null;
  const commitment = hex(await sha256(text('seckill queue commitment v1'), integer(saleId), integer(0), bytes(proof.secret)));
  const seed = hex(await sha256(text('seckill queue seed v1'), integer(saleId), integer(proof.count), bytes(proof.secret),
    bytes(proof.merkleRoot), text(proof.beacon ?? '')));
  const leaf = hex(await sha256(Uint8Array.of(0), integer(saleId), integer(receipt.index), integer(userId), bytes(receipt.blind)));
  const fits = commitment === proof.commitment && seed === proof.seed && leaf === receipt.leaf
    && (!proof.beaconName || proof.beacon) && receipt.index < proof.count
    && await root(leaf, receipt.index, proof.count, receipt.path) === proof.merkleRoot;
  return fits ? position(seed, proof.count, receipt.index) : null;
}

// A text for which SHA-256 of "challenge:text" begins with so many zero bits.
export async function solve(challenge, bits) {
  for (let i = 0; ; i++) {
    const hash = await sha256(text(`${challenge}:${i}`));
    if (Math.clz32(new DataView(hash.buffer).getUint32(0)) >= bits) return `${i}`;
  }
}
