// What all drawing needs: elements, and numbers in words.

const whole = new Intl.NumberFormat('en-US');

export const byId = id => document.getElementById(id);
export const nameOf = sale => `#${sale.saleId} ${sale.name}`;
export const count = (many, what) => `${number(many)} ${what}${many === 1 ? '' : 's'}`;
export const number = value => value === null || value === undefined ? '–' : whole.format(value);
export const time = iso => iso.slice(11, 19);

export function make(tag, name = '', ...children) {
  const element = document.createElement(tag);
  if (name) {
    element.className = name;
  }
  element.append(...children);
  return element;
}

export function svg(name) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  element.setAttribute('class', name);
  element.setAttribute('aria-hidden', 'true');
  return element;
}

export function set(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

// One element for each thing, created once, in the same order.
export function keyed(parent, things, keyOf, create, update) {
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
