// Words in the language of the page, from Django's catalogue: `_("of %(limit)s", { limit })`.
const translated = globalThis.gettext ?? ((text) => text);
const counted = globalThis.ngettext ?? ((one, many, count) => (count === 1 ? one : many));

const filled = (text, values) => text.replace(/%\((\w+)\)s/g, (_match, name) => values[name]);

export const _ = (text, values = {}) => filled(translated(text), values);
export const ngettext = (one, many, count, values = {}) => filled(counted(one, many, count), { count, ...values });
