// From the scrollbar to a place in the library and back. Browsers stop near 17 million pixels of height (Firefox),
// so the page is never taller than MOST_PX; beyond that the scrollbar stands for the place in proportion, while
// wheel, fingers and keys move pixel by pixel as ever.
//
// `y` is the place in the library at the upper edge of the window; `offset` is what lies between it and the
// scrollbar. What changes height above the window changes the offset alone, so nothing on screen moves;
// when the hand rests, both are brought together again.

const MOST_PX = 8_000_000;
const EDGE = 10; // windows at both ends in which the scrollbar goes pixel by pixel
const LEAP = 2; // windows: more than that at once is a drag of the scrollbar

export class Scroll {
  #canvas;
  #seen = 0; // where the scrollbar was last, in the canvas
  #height = 0;
  #isHeldAtEnd = false; // somebody went to the end: it stays in sight while heights become known
  offset = 0;

  constructor(canvas) {
    this.#canvas = canvas;
    this.measure();
    this.#seen = this.#now;
  }

  get y() {
    return this.#seen + this.offset;
  }

  // Where the canvas begins; ask again when something above it has changed.
  measure() {
    this.start = this.#canvas.getBoundingClientRect().top + scrollY;
  }

  // Takes in where the scrollbar is now. Whether that was a leap.
  follow() {
    const now = this.#now;
    const isLeap = Math.abs(now - this.#seen) > LEAP * innerHeight;
    if (Math.abs(now - this.#seen) > 1) this.#isHeldAtEnd = isLeap && now >= this.#lastBar - 1;
    this.#seen = now;
    if (isLeap && this.#isCapped) this.offset = this.#toPlace(now) - now;
    else if (this.#isAtWrongEnd()) this.jump(this.y);
    return isLeap;
  }

  // The library is this tall; `shift` is by how much the place on screen has moved in it.
  resize(height, shift = 0) {
    this.#height = height;
    this.offset += this.#isHeldAtEnd ? this.#end - this.y : shift;
    const tall = Math.min(height, MOST_PX);
    const shown = Number.parseFloat(this.#canvas.style.height) || 0;
    // growing is harmless at any time; shrinking waits for `settle`
    if (tall > shown) this.#canvas.style.height = `${tall}px`;
  }

  // Shows the place `y` at the upper edge of the window.
  jump(y) {
    const end = Math.max(-this.start, this.#end);
    const place = Math.max(-this.start, Math.min(y, end));
    this.#isHeldAtEnd = place === end;
    const tall = `${Math.min(this.#height, MOST_PX)}px`;
    if (this.#canvas.style.height !== tall) this.#canvas.style.height = tall;
    scrollTo({ top: this.#toBar(place) + this.start, behavior: "instant" });
    this.#seen = this.#now;
    this.offset = place - this.#seen;
  }

  // The hand rests: the scrollbar goes where it belongs, unseen.
  settle() {
    const drift = Math.abs(this.#toBar(this.y) - this.#seen);
    const isTall = Number.parseFloat(this.#canvas.style.height) > Math.min(this.#height, MOST_PX) + 1;
    const isNearEnd = this.y < this.#edge || this.y > this.#end - this.#edge;
    if (drift > (this.#isCapped && !isNearEnd ? LEAP * innerHeight : 0.5) || isTall) this.jump(this.y);
  }

  get #now() {
    return scrollY - this.start;
  }

  get #isCapped() {
    return this.#height > MOST_PX;
  }

  // The place at which the page ends
  get #end() {
    return this.#height - innerHeight + this.#below;
  }

  // As far down as the scrollbar goes, in the canvas
  get #lastBar() {
    return document.documentElement.scrollHeight - innerHeight - this.start;
  }

  // What the page has below the canvas
  get #below() {
    return document.documentElement.scrollHeight - this.start - (Number.parseFloat(this.#canvas.style.height) || 0);
  }

  #isAtWrongEnd() {
    if (Math.abs(this.offset) < 1) return false;
    if (this.#isHeldAtEnd) return false;
    const isBarAtEnd = this.#seen <= 0 || this.#seen >= this.#lastBar - 1;
    return isBarAtEnd || this.y < 0 || this.y > this.#end;
  }

  // Near both ends the scrollbar goes pixel by pixel, so that they are reached like those of any page.
  get #edge() {
    return EDGE * innerHeight;
  }

  #toBar(y) {
    if (!this.#isCapped || y < this.#edge) return y;
    if (y > this.#end - this.#edge) return this.#lastBar - (this.#end - y);
    return this.#edge + (y - this.#edge) * this.#ratio;
  }

  #toPlace(bar) {
    if (bar < this.#edge) return bar;
    if (bar > this.#lastBar - this.#edge) return this.#end - (this.#lastBar - bar);
    return this.#edge + (bar - this.#edge) / this.#ratio;
  }

  get #ratio() {
    return (this.#lastBar - 2 * this.#edge) / (this.#end - 2 * this.#edge);
  }
}
