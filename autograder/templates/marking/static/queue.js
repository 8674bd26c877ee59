// Marks on their way: in the browser's own storage until the server has said that it has them.
// An entry of the storage for each, so that several tabs do not write over each other.

import { REFUSED } from "./call.js";

export class Queue {
  constructor(record, marker) {
    this.record = record;
    this.marker = marker;
    this.waiting = `mark:${record}:`;
    this.refused = `refused:${record}:`;
    this.last = 0;
  }

  // What waits, the first first. Of other markers only if they are asked for.
  entries(prefix = this.waiting, all = false) {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefix)).sort();
    const found = keys.map((key) => ({ ...JSON.parse(localStorage.getItem(key)), key }));
    return found.filter((entry) => all || entry.marker === this.marker);
  }

  get length() {
    return this.entries().length;
  }

  // Other markers whose marks wait in this browser.
  get strangers() {
    const markers = this.entries(this.waiting, true).map((entry) => entry.marker);
    return [...new Set(markers)].filter((marker) => marker !== this.marker);
  }

  // Throws if there is no room: then nothing may go on as if it were kept.
  add(action, body, told) {
    const newest = this.entries(this.waiting, true).at(-1);
    const before = newest ? Number(newest.key.slice(this.waiting.length).split("-")[0]) : 0;
    this.last = Math.max(Date.now(), before + 1, this.last + 1);
    const place = `${String(this.last).padStart(16, "0")}-${crypto.randomUUID()}`;
    const entry = { marker: this.marker, action, body, told };
    localStorage.setItem(this.waiting + place, JSON.stringify(entry));
  }

  // Send them one after the other, by one tab at a time. Resolves to what stopped it, or null.
  send(call) {
    return navigator.locks.request(this.waiting, async () => {
      for (const entry of this.entries()) {
        const { status, data } = await call(entry.action, entry.body);
        if (status === 200) {
          localStorage.removeItem(entry.key);
        } else if (status === REFUSED) { // for good: kept, and shown
          const kept = { ...entry, reason: data.error };
          localStorage.setItem(this.refused + entry.key.slice(this.waiting.length), JSON.stringify(kept));
          localStorage.removeItem(entry.key);
        } else {
          return { status, data };
        }
      }
      return null;
    });
  }
}
