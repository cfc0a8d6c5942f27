// Every service by its heartbeats: what it says now, and how its lag and its slowest loop went while the page was open.
import { html } from "../../vendor/preact.js";
import { age, fixed, percent } from "../format.js";
import { beats, cpuShare, historyOf } from "../health_history.js";
import { Sparkline } from "../sparkline.js";
import { services } from "../standing.js";
import { view } from "../store.js";
import { _ } from "../words.js";

const SHOWN = 120;
const UNKNOWN = _("unknown");
const count = (value) => (value === null || value === undefined ? UNKNOWN : fixed(value, 0));
const megabytes = (bytes) => (bytes ? `${fixed(bytes / 2 ** 20, 0)} MB` : UNKNOWN);
const WORDS = { UNHEARD: _("not heard"), silent: _("silent"), FAILING: _("failing"), DEGRADED: _("degraded"), RECOVERING: _("recovering"), OK: _("turns") };

// 3 d 04:12, 04:12:09 below a day.
function uptime(seconds) {
  if (seconds === undefined || seconds === null) return UNKNOWN;
  const two = (value) => String(Math.floor(value)).padStart(2, "0");
  const [days, hours, minutes] = [Math.floor(seconds / 86400), two((seconds % 86400) / 3600), two((seconds % 3600) / 60)];
  return days ? _("%(days)s d %(time)s", { days, time: `${hours}:${minutes}` }) : `${hours}:${minutes}:${two(seconds % 60)}`;
}

// Services of one process have one pid.
function companions(beat) {
  const others = view.health.value.filter((other) => other.pid === beat.pid && other.service !== beat.service);
  return others.length ? _("with %(names)s", { names: others.map((other) => other.service).join(", ") }) : "";
}

const slowest = (beat) => (beat.detail?.slowest_loop ? _("slowest loop: %(loop)s, %(age)s", { loop: beat.detail.slowest_loop, age: age(beat.loop_age_ms / 1000) }) : UNKNOWN);

function Lines({ name, silent }) {
  const rows = silent ? [] : historyOf(name);
  const lags = rows.map((row) => row.lag);
  const loops = rows.map((row) => row.loop);
  const most = (values) => Math.max(0, ...values);
  return html`<td class="num t2 opt-col"><${Sparkline} values=${lags} most=${SHOWN} floor=${10} label=${_("lag since the page was opened: %(most)s at most", { most: count(most(lags)) })} /></td>
    <td class="num t2 opt-col"><${Sparkline} values=${loops} most=${SHOWN} floor=${2000} label=${_("age of the slowest loop since the page was opened: %(most)s at most", { most: age(most(loops) / 1000) })} /></td>`;
}

function Service({ row }) {
  const beat = view.health.value.find((one) => one.service === row.name);
  const share = cpuShare(row.name);
  return html`<tr data-service=${row.name}>
    <td><span class=${`dot ${row.level}`}></span><b class="health-word">${row.title}</b></td>
    <td>${WORDS[row.word] ?? row.word}</td>
    <td class="mono t2 opt-col">${beat?.port ? `${row.name}:${beat.port}` : row.name}</td>
    <td class="num">${row.seconds === null ? UNKNOWN : age(row.seconds)}</td>
    <td class="num">${beat ? count(beat.lag) : UNKNOWN}</td>
    <${Lines} name=${row.name} silent=${!beat} />
    <td class="num t2 opt-col">${beat ? count(beat.processed) : UNKNOWN}</td>
    <td class="num t2 opt-col" data-cpu>${share === null ? UNKNOWN : percent(share, 1)}</td>
    <td class="num t2 opt-col">${megabytes(beat?.rss_bytes)}</td>
    <td class="t2 opt-col reason">${row.reason ?? (beat ? slowest(beat) : UNKNOWN)} <span class="t3">${beat && companions(beat)}</span></td>
    <td class="num t2 opt-col" data-up>${uptime(beat?.up_s)}</td></tr>`;
}

export function ServiceTable() {
  beats.value;
  return html`<table class="t"><thead><tr><th>${_("Service")}</th><th>${_("State")}</th><th class="opt-col">${_("Name, port")}</th>
    <th class="num">${_("Heard")}</th><th class="num">${_("Lag")}</th><th class="num opt-col">${_("Lag, 2 min")}</th><th class="num opt-col">${_("Loop, 2 min")}</th>
    <th class="num opt-col">${_("Events")}</th><th class="num opt-col" title=${_("processor time as a part of one core; services of one process have one figure")}>${_("CPU")}</th><th class="num opt-col">${_("Memory")}</th>
    <th class="opt-col">${_("Proof of work")}</th><th class="num opt-col">${_("Up")}</th></tr></thead>
    <tbody>${services().map((row) => html`<${Service} key=${row.name} row=${row} />`)}</tbody></table>`;
}

export function ServicesNote() {
  const rows = services();
  return html`${_("%(turning)s of %(all)s turn", { turning: rows.filter((row) => row.level === "").length, all: rows.length })}`;
}
