// Words in the language of the page, from Django's catalogue: `_("of %(limit)s", { limit })`.
const translated = globalThis.gettext ?? ((text) => text);
const counted = globalThis.ngettext ?? ((one, many, count) => (count === 1 ? one : many));

const filled = (text, values) => text.replace(/%\((\w+)\)s/g, (_match, name) => values[name]);

export const _ = (text, values = {}) => filled(translated(text), values);
// A row that the server sent to all screens carries its sentences in every language: `text` is the page's own then.
const german = document.documentElement.lang.startsWith("de");
export function inMyWords(row) {
  if (!german || !row) return row;
  for (const [name, value] of Object.entries(row)) {
    if (name.endsWith("_de")) row[name.slice(0, -3)] = value;
    else if (Array.isArray(value)) value.filter((one) => typeof one === "object").forEach(inMyWords);
  }
  return row;
}

export const ngettext = (one, many, count, values = {}) => filled(counted(one, many, count), { count, ...values });
