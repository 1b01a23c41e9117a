(function () {
  const find = (selector, root) => (root || document).querySelector(selector);
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));
  const data = JSON.parse(find("#data").textContent);
  const texts = data.texts;

  function make(tag, text, className) {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  }

  // three significant digits, never in exponent form, with the language's marks
  function shown(value) {
    if (value === null) return texts.unknown;
    if (value === 0) return "0";
    const decimals = Math.min(12, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));
    return value.toLocaleString(data.lang, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  }

  // ---- sorting: a button in each heading; numbers by their value, unknown ones last
  function keyOf(row, index) {
    const cell = row.cells[index];
    if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
    const text = cell.textContent.trim();
    return text === "" || text === texts.unknown ? null : text;
  }

  function compare(a, b) {
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), data.lang, { numeric: true });
  }

  function sortBy(table, index, direction) {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows).map((row, at) => ({ row, at, key: keyOf(row, index) }));
    rows.sort((a, b) => {
      if (a.key === null || b.key === null) return (a.key === null) - (b.key === null) || a.at - b.at;
      return direction * compare(a.key, b.key) || a.at - b.at;
    });
    body.append(...rows.map((item) => item.row));
  }

  for (const table of all("table.sortable")) {
    const heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach((head, index) => {
      const button = make("button", head.textContent);
      button.type = "button";
      button.title = head.title ? head.title + " (" + texts.sort + ")" : texts.sort;
      if (head.title) {
        button.dataset.words = head.title;
        head.removeAttribute("title");
        head.removeAttribute("tabindex"); // the button is the stop now
      }
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const direction = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
        sortBy(table, index, direction);
      });
    });
  }

  // ---- folding: a link into a folded part opens it, and so does printing
  const folds = all("details");
  function reveal() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let up = target; up; up = up.parentElement) if (up.tagName === "DETAILS") up.open = true;
    if (target && target.hidden) showAll();
    if (target) target.scrollIntoView();
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a[href^='#']");
    if (link && link.hash === location.hash) reveal();
  });
  window.addEventListener("hashchange", reveal);
  let before = [];
  window.addEventListener("beforeprint", () => {
    before = folds.map((fold) => fold.open);
    folds.forEach((fold) => (fold.open = true));
  });
  window.addEventListener("afterprint", () => folds.forEach((fold, i) => (fold.open = before[i])));
  const unfold = find("#unfold");
  unfold.hidden = false;
  unfold.addEventListener("click", () => {
    const open = !all(".fold").every((fold) => fold.open);
    all(".fold").forEach((fold) => (fold.open = open));
    start();
    startChoosing();
    unfold.textContent = open ? texts.fold : texts.unfold;
  });

  // ---- charts: figures on hover, touch and focus; arrow keys from mark to mark; filters for all charts at once
  const hiddenOf = { n: new Set(), p: new Set() };
  let machines = null; // the numbers of the chosen ones; null: all
  for (const figure of all(".chart")) {
    const tip = find(".tip", figure);
    const hide = () => (tip.hidden = true);
    const show = (mark) => {
      const box = find(".shape", mark).getBoundingClientRect();
      const frame = figure.getBoundingClientRect();
      tip.textContent = mark.getAttribute("aria-label");
      tip.hidden = false;
      const left = box.left + box.width / 2 - frame.left - tip.offsetWidth / 2;
      tip.style.left = Math.max(0, Math.min(left, frame.width - tip.offsetWidth)) + "px";
      const above = box.top - frame.top - tip.offsetHeight - 8;
      tip.style.top = (above >= 0 ? above : box.bottom - frame.top + 8) + "px";
    };
    for (const svg of all(".plot", figure)) {
      const marks = all(".mark", svg);
      marks.forEach((mark, at) => {
        const title = find("title", mark);
        mark.setAttribute("aria-label", title.textContent);
        title.remove(); // the browser would show it beside ours
        mark.setAttribute("tabindex", at === 0 ? "0" : "-1");
        mark.addEventListener("pointerenter", () => show(mark));
        mark.addEventListener("pointerleave", hide);
        mark.addEventListener("click", () => show(mark));
        mark.addEventListener("focus", () => show(mark));
        mark.addEventListener("blur", hide);
      });
      svg.addEventListener("keydown", (event) => {
        if (event.key === "Escape") hide();
        const shown = marks.filter((mark) => !mark.hasAttribute("hidden"));
        const at = shown.indexOf(document.activeElement);
        const steps = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: shown.length - 1 };
        const next = shown[steps[event.key]];
        if (!next) return;
        event.preventDefault();
        stop(marks, next);
        next.focus();
      });
    }
  }

  // one stop of the Tab key in each chart
  function stop(marks, chosen) {
    marks.forEach((mark) => mark.setAttribute("tabindex", mark === chosen ? "0" : "-1"));
  }

  function filter() {
    for (const item of all(".plot [data-n]")) {
      const { n, p, m } = item.dataset;
      const away = hiddenOf.n.has(n) || hiddenOf.p.has(p) || (machines !== null && m !== "-1" && !machines.has(m));
      item.toggleAttribute("hidden", away);
    }
    for (const svg of all(".plot")) {
      const marks = all(".mark", svg);
      stop(marks, marks.find((mark) => !mark.hasAttribute("hidden")));
    }
    filterTables();
  }

  // ---- the tables of measurements follow the same filters; each says what is left of it
  const everything = find("#everything");
  const numbered = Object.fromEntries(["n", "p", "m"].map((k) => [k, new Map(data.filters[k].map((name, i) => [name, String(i)]))]));
  const machinesOf = new Map(data.filters.d.map(([name, ids]) => [name, ids.map(String)]));
  const filtered = all("table").filter((table) => find("th[data-role]", table)).map((table) => {
    const columns = Array.from(table.tHead.rows[0].cells, (head, at) => ({ at, role: head.dataset.role }));
    const line = make("p", "", "shown");
    line.hidden = true;
    table.parentElement.before(line);
    return { table, line, columns: columns.filter(({ role }) => role) };
  });

  function isAway(row, columns) {
    return columns.some(({ at, role }) => {
      const name = row.cells[at].textContent.replace(/ \(\+\d+\)$/, ""); // machines that tie are counted beside the first
      if (role === "m") return machines !== null && !machines.has(numbered.m.get(name));
      if (role === "d") return machines !== null && !(machinesOf.get(name) || []).some((id) => machines.has(id));
      return role.length === 1 && hiddenOf[role].has(numbered[role].get(name));
    });
  }

  function counted(text, n, all) {
    return text.replace("{n}", n.toLocaleString(data.lang)).replace("{all}", all.toLocaleString(data.lang));
  }

  let narrowed = false; // whether rows were hidden
  function filterTables() {
    const on = machines !== null || hiddenOf.n.size + hiddenOf.p.size > 0;
    if (!everything || (!on && !narrowed)) return; // without a chart there is nothing to filter by
    narrowed = on;
    let left = 0;
    let every = 0;
    for (const { table, line, columns } of filtered) {
      for (const { at, role } of columns.filter((column) => column.role.length > 1)) {
        for (const row of table.rows) row.cells[at].hidden = hiddenOf.n.has(role.slice(1));
      }
      const rows = Array.from(table.tBodies[0].rows);
      rows.forEach((row) => (row.hidden = isAway(row, columns)));
      const shown = rows.filter((row) => !row.hidden).length;
      line.textContent = counted(texts.shown, shown, rows.length);
      line.hidden = shown === rows.length;
      left += shown;
      every += rows.length;
    }
    everything.hidden = !on;
    find("#filtered").textContent = !on ? "" : counted(texts.filtered, left, every);
  }

  function showAll() {
    all(".chip").forEach((chip) => chip.setAttribute("aria-pressed", "true"));
    hiddenOf.n.clear();
    hiddenOf.p.clear();
    machines = null;
    if (who) who.value = "";
    filter();
  }

  for (const chip of all(".chip")) {
    chip.disabled = false;
    chip.addEventListener("click", () => {
      const on = chip.getAttribute("aria-pressed") !== "true";
      chip.setAttribute("aria-pressed", String(on));
      hiddenOf[chip.dataset.kind][on ? "delete" : "add"](chip.dataset.i);
      filter();
    });
  }
  const who = find("#who");
  if (everything) everything.addEventListener("click", () => {
    showAll();
    find(".chip").focus(); // the button that had the focus is gone
  });
  if (who) {
    who.hidden = false;
    who.addEventListener("change", () => {
      machines = who.value === "" ? null : new Set(who.value.split(","));
      filter();
    });
  }

  // ---- the what-if panel
  const form = find("#assumptions");
  const percents = { busy_percent: "busy_share", residual_percent: "residual_share", overhead_percent: "overhead_share" };
  const ways = ["own", "electricity", "rent", "colab"];
  const MOST_SAVINGS = 12;

  // a number field shows the browser's decimal mark, not the page's: with a comma, fields are text
  const comma = (1.5).toLocaleString(data.lang).includes(",");

  function put(input, value) {
    if (comma) input.type = "text";
    input.value = comma ? String(value).replace(".", ",") : value;
  }

  function fill() {
    for (const name of ["usd_per_kwh", "hours_per_day", "years"]) put(form.elements[name], data.defaults[name]);
    for (const [name, key] of Object.entries(percents)) {
      put(form.elements[name], Number((100 * data.defaults[key]).toPrecision(12)));
    }
    if (form.elements.answers_per_day) put(form.elements.answers_per_day, data.defaults.answers_per_day);
    for (const code of Object.keys(data.rates_usd)) form.elements.currency.append(make("option", code));
    put(form.elements.rate, 1);
    const body = find("#places tbody");
    data.machines.forEach((machine, at) => {
      const used = new Set(data.cells.filter((cell) => cell.machine === at).map((cell) => cell.place));
      for (const place of used) body.append(placeRow(machine, at, place));
    });
    form.hidden = false;
  }

  function placeRow(machine, at, place) {
    const known = machine.places[place] || {};
    const row = make("tr");
    row.append(make("th", machine.label), make("td", place === "cpu" ? machine.cpu : machine.gpu || place));
    row.cells[0].scope = "row";
    const columns = [["price_usd", 1e7], ["power_w", 1e5], ["rent_usd_per_hour", 1e5]];
    columns.forEach(([field, most], index) => {
      const cell = make("td");
      const input = make("input");
      input.type = "number";
      input.min = "0";
      input.max = String(most);
      input.step = "any";
      input.name = field + "-" + at + "-" + place;
      const title = find("#places thead").rows[0].cells[index + 2].textContent;
      input.setAttribute("aria-label", title + ", " + machine.label + ", " + place);
      put(input, known[field] ?? "");
      cell.append(input);
      row.append(cell);
    });
    return row;
  }

  function numberIn(name) {
    const input = form.elements[name];
    const typed = comma ? input.value.trim().replace(",", ".") : input.value.trim();
    const within = Number(typed) >= Number(input.min) && Number(typed) <= Number(input.max);
    const fits = typed === "" ? !input.required : comma ? within : input.checkValidity();
    input.toggleAttribute("aria-invalid", false);
    if (!fits) {
      input.setAttribute("aria-invalid", "true");
      throw new RangeError(texts.bad + ": " + (input.getAttribute("aria-label") || input.parentElement.textContent.trim()));
    }
    return typed === "" ? null : Number(typed);
  }

  function assumptions() {
    const a = {};
    for (const name of ["usd_per_kwh", "hours_per_day", "years", "rate"]) a[name] = numberIn(name);
    for (const [name, key] of Object.entries(percents)) a[key] = numberIn(name) / 100;
    a.pue = data.defaults.pue;
    a.answers_per_day = form.elements.answers_per_day ? numberIn("answers_per_day") : 0;
    return a;
  }

  // USD per million inferences of one cell under each way to have its machine; null where a price is not known
  function costsOf(cell, a, place) {
    const each = (perHour) => (perHour === null ? null : cost.usdPerMillion(perHour, cell.throughput_per_s, a.busy_share));
    const power = place.power_w;
    return {
      own: each(
        place.price_usd === null || power === null
          ? null
          : cost.ownUsdPerActiveHour(
              place.price_usd, a.years, a.hours_per_day, power, a.usd_per_kwh, a.residual_share, a.pue),
      ),
      electricity: each(power === null ? null : cost.electricityUsdPerHour(power, a.usd_per_kwh, a.pue)),
      rent: each(
        place.rent_usd_per_hour === null
          ? null
          : cell.rent_share * cost.cloudUsdPerUsefulHour(place.rent_usd_per_hour, a.overhead_share),
      ),
      colab: each(place.colab_usd_per_hour === null ? null : cost.cloudUsdPerUsefulHour(place.colab_usd_per_hour, 0)),
    };
  }

  function placeOf(cell) {
    const read = (field) => numberIn(field + "-" + cell.machine + "-" + cell.place);
    const known = data.machines[cell.machine].places[cell.place] || {};
    return {
      price_usd: read("price_usd"),
      power_w: read("power_w"),
      rent_usd_per_hour: read("rent_usd_per_hour"),
      colab_usd_per_hour: known.colab_usd_per_hour === undefined ? null : known.colab_usd_per_hour,
    };
  }

  // what can be chosen: electricity alone is no way to have a machine that is not there yet, and Colab's machine is
  // another one, whose speed was not measured
  function cheapestOf(costs) {
    const known = ["own", "rent"].filter((way) => costs[way] !== null);
    return known.length ? known.reduce((best, way) => (costs[way] < costs[best] ? way : best)) : null;
  }

  // ~: it comes from disturbed rounds
  function marked(amount, cell) {
    return (amount !== null && cell.disturbed ? "~" : "") + shown(amount);
  }

  // whether a cost is not shown to be above another: the intervals of their times, in money, overlap
  function ties(line, best) {
    const end = ({ cell, usd }, i) => (cell.ci_s[i] === null ? usd : (usd * cell.ci_s[i]) / cell.latency_s);
    return line !== best && !line.cell.disturbed && end(line, 0) <= end(best, 1);
  }

  // so many inferences that no amount of the table is a row of zeros, and none too long to read
  function scaleOf(lines, rate) {
    const amounts = lines.flatMap(({ costs }) => ways.map((way) => costs[way]).filter((usd) => usd > 0)).map((usd) => usd * rate);
    const fits = data.scales.filter((scale) => Math.max(...amounts) * scale.times < 1e6);
    return fits.find((scale) => Math.min(...amounts) * scale.times >= 0.1) || fits[fits.length - 1] || data.scales[0];
  }

  function recompute() {
    const said = find("#said");
    const table = find("#costs");
    let a;
    let lines;
    try {
      a = assumptions();
      lines = data.cells.map((cell) => ({ cell, costs: costsOf(cell, a, placeOf(cell)) }));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      said.textContent = error.message;
      return;
    }
    const scale = scaleOf(lines, a.rate);
    find("#per").textContent = scale.words.replace("{currency}", form.elements.currency.value);
    const rows = lines.map(({ cell, costs }) => {
      const row = make("tr");
      const machine = data.machines[cell.machine].label;
      row.append(make("td", machine), make("td", cell.network), make("td", cell.provider), make("td", cell.batch, "number"));
      row.cells[3].dataset.v = cell.batch;
      const least = cheapestOf(costs);
      for (const way of ways) {
        const amount = costs[way] === null ? null : costs[way] * a.rate;
        const td = make("td", marked(amount === null ? null : amount * scale.times, cell), way === least ? "number cheapest" : "number");
        if (amount !== null) td.dataset.v = String(amount);
        row.append(td);
      }
      row.append(make("td", least === null ? texts.unknown : texts[least]));
      return row;
    });
    table.tBodies[0].replaceChildren(...rows);
    const sorted = Array.from(table.tHead.rows[0].cells).findIndex((head) => head.hasAttribute("aria-sort"));
    if (sorted >= 0) {
      const up = table.tHead.rows[0].cells[sorted].getAttribute("aria-sort") === "ascending";
      sortBy(table, sorted, up ? 1 : -1);
    }
    said.textContent = sentence(lines, a, scale);
    if (find("#saved")) find("#saved").replaceChildren(...savings(lines, a).map((text) => make("li", text)));
    filterTables();
  }

  // what each variant saves a year in place of its parent, both at their cheapest on the same machine
  function savings(lines, a) {
    const said = data.variants.slice(0, MOST_SAVINGS).map(({ network, parent, machine, lost }) => {
      if (lost) return filled(texts.lost, { network });
      const [before, after] = [parent, network].map((name) => cheapestLine(lines, name, machine));
      if (!before || !after) return "";
      const way = texts[after.way];
      const name = [data.machines[machine].label, after.cell.provider, texts.batch + " " + after.cell.batch].join(", ");
      const [low, high] = before.usd < after.usd ? [before, after] : [after, before];
      if (low.cell.disturbed || high.cell.disturbed || ties(high, low)) return filled(texts.same_cost, { network, parent, name });
      const saved = cost.savedPerYear(a.answers_per_day, before.usd, after.usd) * a.rate;
      const [joules, fewer] = [before, after].map(({ cell }) => cell.energy_j);
      const energy = joules === null || fewer === null ? null : cost.savedPerYear(a.answers_per_day, joules / 3.6, fewer / 3.6);
      const values = { network, parent, way, name, currency: form.elements.currency.value, energy: shown(energy) };
      return filled(saved >= 0 ? texts.saves : texts.costs_more, { ...values, amount: shown(Math.abs(saved)) });
    });
    return said.filter((text) => text);
  }

  function cheapestLine(lines, network, machine) {
    const known = lines
      .filter(({ cell }) => cell.network === network && cell.machine === machine)
      .map(({ cell, costs }) => ({ cell, way: cheapestOf(costs), costs }))
      .filter(({ way }) => way !== null)
      .map(({ cell, way, costs }) => ({ cell, way, usd: costs[way] }));
    return known.length ? known.reduce((least, line) => (line.usd < least.usd ? line : least)) : null;
  }

  const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);

  function sentence(lines, a, scale) {
    const networks = new Map();
    for (const { cell, costs } of lines) {
      const way = cheapestOf(costs);
      if (way === null || cell.lost_accuracy) continue;
      if (!networks.has(cell.network)) networks.set(cell.network, []);
      networks.get(cell.network).push({ cell, way, usd: costs[way] });
    }
    if (networks.size === 0) return texts.none;
    const parts = Array.from(networks, ([network, known]) => {
      const best = known.reduce((least, line) => (line.usd < least.usd ? line : least));
      const { cell, way, usd } = best;
      const more = known.filter((line) => ties(line, best)).length;
      const values = {
        network,
        name: [data.machines[cell.machine].label, cell.provider, texts.batch + " " + cell.batch].join(", "),
        amount: marked(usd * a.rate * scale.times, cell),
        currency: form.elements.currency.value,
        way: texts[way],
        n: more.toLocaleString(data.lang),
      };
      return filled(texts.summary + (more > 0 ? " " + texts.ties : ""), values);
    });
    return scale.cheapest + " " + parts.join("; ") + ". " + texts.left_out;
  }

  // computed where it is first seen: it is the longest work of the page
  const panel = find(".whatif > details");
  let started = false;
  function start() {
    if (started) return;
    started = true;
    fill();
    recompute();
  }

  // ---- choosing a device: two sliders on log scales; what surely serves stands before what may
  const wishes = find("#choose");
  const MOST_OPTIONS = 12;
  const timeUnits = [[1e-6, "ns", 1e9], [1e-3, "µs", 1e6], [1, "ms", 1e3], [Infinity, "s", 1]];

  const timeUnit = (seconds) => timeUnits.find(([limit]) => seconds < limit);
  const rounded = (seconds, factor) => Number((seconds * factor).toPrecision(2)).toLocaleString(data.lang);

  function timed(seconds) {
    const [, unit, factor] = timeUnit(seconds);
    return [rounded(seconds, factor), unit];
  }

  // both ends in the unit of the slow one, unless the fast one can't be read in it
  function timeRange(fast, slow) {
    if (slow === null) return timed(fast).join(" ") + " " + texts.or_more;
    const [, unit, factor] = timeUnit(slow);
    const last = rounded(slow, factor) + " " + unit;
    if (fast * factor < 0.01) return timed(fast).join(" ") + "-" + last;
    const first = rounded(fast, factor);
    return first + " " + unit === last ? last : first + "-" + last;
  }

  // [machines, USD a month] at one end of the time
  function monthOf(way, seconds, answersPerDay) {
    const a = data.defaults;
    const busy = cost.busyDevices(answersPerDay, seconds, 24) / way.each;
    const machines = cost.devicesNeeded(busy, data.choosing.most_busy, 1);
    if (way.way === "rent") return [machines, cost.rentUsdPerMonth(way.hourly_usd, 24, machines, a.overhead_share)];
    return [
      machines,
      cost.ownUsdPerMonth(
        way.price_usd, a.years, a.residual_share, way.power_w, a.usd_per_kwh, a.pue, 24, busy, machines, data.choosing.idle_share),
    ];
  }

  function optionsOf(network, within, answersPerDay) {
    return network.times.map(([place, fast, slow, basis]) => {
      const way = data.choosing.ways[place];
      const serves = slow !== null && slow <= within ? "surely" : fast <= within ? "may" : "no";
      const low = monthOf(way, fast, answersPerDay);
      const high = slow === null ? [low[0], null] : monthOf(way, slow, answersPerDay);
      return { way, fast, slow, basis, serves, machines: [low[0], high[0]], usd: [low[1], high[1]] };
    });
  }

  const called = (way) => (way.way === "have" ? way.name : way.id);
  const between = (ends, text) => (text(ends[0]) === text(ends[1]) ? text(ends[0]) : text(ends[0]) + "-" + text(ends[1]));
  const monthly = ({ usd }) => (usd[1] === null ? Infinity : usd[1]);
  const cheaper = (a, b) => a.way.hardly_sold - b.way.hardly_sold || monthly(a) - monthly(b);

  function choose() {
    const within = 10 ** Number(wishes.elements.latency.value);
    const answersPerDay = Number((10 ** Number(wishes.elements.load.value)).toPrecision(2));
    const network = data.choosing.networks[Number(wishes.elements.network.value)];
    const [time, unit] = timed(within);
    wishes.elements.within.value = time + " " + unit;
    wishes.elements.daily.value = answersPerDay.toLocaleString(data.lang);
    wishes.elements.latency.setAttribute("aria-valuetext", wishes.elements.within.value);
    wishes.elements.load.setAttribute("aria-valuetext", wishes.elements.daily.value);
    const options = optionsOf(network, Number(within.toPrecision(2)), answersPerDay);
    const serving = ["surely", "may"].map((name) => options.filter((o) => o.serves === name).sort(cheaper));
    const some = serving[0].slice(0, Math.max(MOST_OPTIONS / 2, MOST_OPTIONS - serving[1].length));
    const rows = [...some, ...serving[1].slice(0, MOST_OPTIONS - some.length)].map((option) => {
      const row = make("tr");
      const name = make("th", called(option.way));
      name.scope = "row";
      const usd = option.usd[1] === null ? shown(option.usd[0]) + "+" : between(option.usd, shown);
      const amount = usd + (option.way.old ? "*" : "");
      const count = between(option.machines, (n) => n.toLocaleString(data.lang));
      row.append(name, make("td", texts[option.way.way]), make("td", timeRange(option.fast, option.slow), "number"));
      row.append(make("td", texts[option.basis]), make("td", count, "number"), make("td", amount, "number"), make("td", texts[option.serves]));
      return row;
    });
    find("#options").tBodies[0].replaceChildren(...rows);
    find("#advised").textContent = advised(options, serving);
  }

  function advised(options, [sure, may]) {
    const best = sure[0] || may[0] || options.reduce((fastest, o) => (o.fast < fastest.fast ? o : fastest));
    const text = sure.length ? texts.served : may.length ? texts.only_may : texts.nothing_serves;
    return filled(text, {
      sure: sure.length.toLocaleString(data.lang),
      may: may.length.toLocaleString(data.lang),
      name: called(best.way),
      way: texts[best.way.way],
      amount: shown(best.usd[1] === null ? best.usd[0] : best.usd[1]),
      time: timeRange(best.fast, best.slow),
      basis: texts[best.basis],
    });
  }

  let choosing = false;
  function startChoosing() {
    if (choosing || !wishes) return;
    choosing = true;
    data.choosing.networks.forEach((network, at) => {
      const option = make("option", network.name);
      option.value = String(at);
      wishes.elements.network.append(option);
    });
    wishes.elements.load.value = String(Math.log10(data.choosing.answers_per_day));
    wishes.hidden = false;
    find("#no-sliders").hidden = true;
    wishes.addEventListener("submit", (event) => event.preventDefault());
    wishes.addEventListener("input", choose);
    wishes.addEventListener("change", choose);
    choose();
  }
  if (wishes) wishes.closest("details").addEventListener("toggle", startChoosing);

  form.addEventListener("submit", (event) => event.preventDefault());
  form.elements.currency.addEventListener("change", () => {
    put(form.elements.rate, Number((1 / data.rates_usd[form.elements.currency.value]).toPrecision(6)));
  });
  form.addEventListener("input", recompute);
  form.addEventListener("change", recompute);
  panel.addEventListener("toggle", start);
  reveal();
})();
