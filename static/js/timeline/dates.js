// Days and months in words, and words into months. Pure, in the language of the page.

const LANGUAGE = "en-GB";
const utc = (options) => new Intl.DateTimeFormat(LANGUAGE, { timeZone: "UTC", ...options });
const WEEKDAY = utc({ weekday: "long" });
const MONTH = utc({ month: "long" });
const MONTHS = Array.from({ length: 12 }, (_, index) => MONTH.format(Date.UTC(2000, index)).toLowerCase());

// "Saturday 15 June 2024", as photos/web/words.py says it.
export function dayWords(day) {
  const date = new Date(`${day}T00:00Z`);
  return `${WEEKDAY.format(date)} ${date.getUTCDate()} ${MONTH.format(date)} ${Number(day.slice(0, 4))}`;
}

// "June 2024"
export function monthWords(month) {
  return `${MONTH.format(new Date(`${month}-01T00:00Z`))} ${Number(month.slice(0, 4))}`;
}

// What somebody means by "2016", "june 2019", "jun 19 2019", "2016-07", "7/2016", "15.6.2019": { month, day }, each
// null if not said, month as a number from 1; or null if it is no date.
export function readDate(text) {
  const words = text.toLowerCase().match(/\d+|\p{L}+/gu) ?? [];
  const name = words.find((word) => monthNamed(word));
  const numbers = words.filter((word) => /^\d+$/.test(word));
  const yearAt = numbers.findIndex((word) => word.length === 4);
  if (yearAt < 0 || numbers.length + (name ? 1 : 0) !== words.length || numbers.length > 3) return null;
  const year = Number(numbers[yearAt]);
  const rest = numbers.toSpliced(yearAt, 1).map(Number);
  // 2016-07-15 begins with the year, 15.7.2016 ends with it
  if (!name && yearAt > 0) rest.reverse();
  const month = name ? monthNamed(name) : (rest.shift() ?? null);
  const day = rest.shift() ?? null;
  const isRight = rest.length === 0 && (month ?? 1) >= 1 && (month ?? 1) <= 12 && (day ?? 1) >= 1 && (day ?? 1) <= 31;
  return isRight ? { year, month, day } : null;
}

function monthNamed(word) {
  return word.length < 3 ? 0 : MONTHS.findIndex((name) => name.startsWith(word)) + 1;
}

// Of `months` ("2024-06", newest first) the one to show for a date: the month itself, the newest of a year, or
// the nearest there is.
export function nearestMonth(months, { year, month }) {
  if (month === null) {
    const inYear = months.find((one) => Number(one.slice(0, 4)) === year);
    if (inYear) return inYear;
  }
  const wanted = year * 12 + (month ?? 12);
  const distance = (one) => Math.abs(Number(one.slice(0, 4)) * 12 + Number(one.slice(5)) - wanted);
  return months.reduce((best, one) => (best === null || distance(one) < distance(best) ? one : best), null);
}
