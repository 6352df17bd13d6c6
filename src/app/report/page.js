"use strict";
(() => {
  const report = JSON.parse(document.getElementById("data").textContent);
  const asOf = Date.parse(report.asOf);
  const week = 7 * 24 * 3600e3;
  const find = (id) => document.getElementById(id);
  const make = (tag, properties = {}, ...children) => {
    const element = document.createElement(tag);
    Object.assign(element, properties);
    element.append(...children);
    return element;
  };
  const plural = (count, one) => `${count} ${one}${count === 1 ? "" : "s"}`;

  // Two units at most, as the other forms say it.
  const lasting = (ms) => {
    const units = [[86400e3, "d"], [3600e3, "h"], [60e3, "min"], [1e3, "s"]];
    const at = units.findIndex(([size]) => Math.abs(ms) >= size);
    if (at < 0) return "0 s";
    const first = Math.floor(Math.abs(ms) / units[at][0]);
    const next = units[at + 1] && Math.floor((Math.abs(ms) % units[at][0]) / units[at + 1][0]);
    return `${first} ${units[at][1]}` + (next ? ` ${next} ${units[at + 1][1]}` : "");
  };
  const moment = (text) => text ? text.replace("T", " ").replace("Z", " UTC") : "";

  const workloads = report.workloads.map((workload, index) => {
    const breaks = workload.breaksAt ? Date.parse(workload.breaksAt) : NaN;
    const broken = workload.state === "Broken";
    const since = workload.since ? Date.parse(workload.since) : NaN;
    const doubtful = { Silent: "not heard", Suspected: "suspected" }[workload.state];
    const kind = broken ? "broken" : doubtful ? workload.state.toLowerCase() : breaks - asOf <= week ? "soon" : "later";
    let state = "breaks, unknown when";
    if (broken) state = isNaN(since) ? "broken" : `broken for ${lasting(asOf - since)}`;
    else if (doubtful) state = isNaN(since) ? doubtful : `${doubtful} for ${lasting(asOf - since)}`;
    else if (!isNaN(breaks)) state = breaks > asOf ? `breaks in ${lasting(breaks - asOf)}` : "breaks now";
    const client = workload.client;
    const library = client.library ? client.library + (client.version ? ` ${client.version}` : "") : "not known";
    const origin = workload.origin;
    const chart = origin.chart ? `${origin.chart} ${origin.chartVersion || ""}`.trim() : "";
    return { ...workload, index, breaks, broken, sinceMs: since, kind, stateText: state, library, chart,
      name: `${workload.workload.namespace ? `${workload.workload.namespace}/` : ""}${workload.workload.name}`,
      all: JSON.stringify([workload.workload, workload.pods, workload.diagnosis, client, origin, workload.policy,
        workload.decision, workload.plan, workload.fix, state]).toLowerCase() };
  });

  const count = (kind) => workloads.filter((w) => w.kind === kind).length;
  const unlisted = report.summary.workloads - workloads.length;

  const showHead = () => {
    find("as-of").textContent = `As of ${moment(report.asOf)}, from ${report.source}.` +
      (unlisted > 0 ? ` ${plural(unlisted, "less urgent workload")} not listed.` : "");
    const alarms = [];
    if (report.suspended) alarms.push(`Remint is suspended by ${report.suspended}: nothing is restarted.`);
    for (const policy of report.storms) alarms.push(`The storm brake of ${policy} is on.`);
    find("alarm").textContent = alarms.join(" ");
    find("alarm").hidden = alarms.length === 0;
    const next = report.summary.nextBreak;
    const tiles = [
      ["Broken now", report.summary.broken, report.summary.broken ? "is-broken" : "", "tokens refused"],
      ["Break within 7 days", count("soon"), count("soon") ? "is-soon" : "", "accepted as yet"],
      ["Later", count("later"), count("later") ? "is-later" : "", "accepted as yet"],
      ["Next to break", next ? `in ${lasting(Date.parse(next) - asOf)}` : "none known", "", next ? moment(next) : "of what still works"],
    ];
    if (report.summary.suspected) tiles.splice(1, 0, ["Suspected", report.summary.suspected, "is-soon", "by logs or Events alone"]);
    if (count("silent")) tiles.splice(1, 0, ["Not heard any more", count("silent"), "is-soon", "since a key or CA was replaced"]);
    for (const [title, value, style, note] of tiles) {
      find("summary").append(make("div", { className: style }, make("dt", { textContent: title }),
        make("dd", {}, String(value), make("small", { textContent: note }))));
    }
    for (const signal of report.signals) {
      find("signals").append(make("li", { className: signal.given ? "given" : "missing" },
        make("b", { textContent: signal.given ? "given" : "missing" }), make("span", { textContent: signal.text })));
    }
  };

  const svg = (tag, attributes, ...children) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };

  // Time runs logarithmically: hours matter now, and months later. What is broken stands left of "now".
  const drawTimeline = () => {
    const shown = workloads.filter((w) => w.broken || (["soon", "later"].includes(w.kind) && !isNaN(w.breaks)));
    find("timeline-section").hidden = shown.length === 0;
    if (shown.length === 0) return;
    const width = Math.max(280, find("timeline").clientWidth - 16);
    const narrow = width < 560;
    const step = narrow ? 15 : 18;
    const columns = Math.min(narrow ? 4 : 10, Math.max(1, Math.ceil(shown.filter((w) => w.broken).length / 5)));
    const begin = 30 + columns * step;
    const hour = 3600e3;
    const first = Math.min(...shown.filter((w) => !w.broken).map((w) => w.breaks - asOf), Infinity);
    // Where nothing breaks soon, the first hours need no room.
    const unit = Math.min(Math.max(hour, first / 4), week);
    const last = Math.max(30 * 24 * hour, ...shown.filter((w) => !w.broken).map((w) => w.breaks - asOf));
    const place = (ms) => begin + (width - begin - 24) * Math.log1p(Math.max(0, ms) / unit) / Math.log1p(last * 1.15 / unit);
    const taken = [];
    let most = 0;
    let broken = 0;
    const marks = shown.map((w) => {
      let x;
      let level;
      if (w.broken) {
        x = begin - 14 - (broken % columns) * step;
        level = Math.floor(broken / columns);
        broken += 1;
      } else {
        x = Math.min(place(w.breaks - asOf), width - 12);
        level = 0;
        while (taken.some((t) => t.level === level && Math.abs(t.x - x) < step)) level += 1;
        taken.push({ x, level });
      }
      most = Math.max(most, level);
      return { w, x, level };
    });
    const base = (most + 1) * step + 16;
    const picture = svg("svg", { viewBox: `0 0 ${width} ${base + 26}`, role: "group",
      "aria-label": `Timeline: ${plural(count("broken"), "workload")} refused now, ${count("soon")} to break within 7 days, ${count("later")} later. The table has the same in words.` });
    picture.append(svg("line", { class: "axis", x1: 8, x2: width - 4, y1: base, y2: base }),
      svg("line", { class: "now", x1: begin, x2: begin, y1: 4, y2: base }));
    const ticks = [[0, "now"], [hour, "1 h"], [24 * hour, "1 d"], [week, "1 wk"], [30 * 24 * hour, "1 mo"], [91 * 24 * hour, "3 mo"], [365 * 24 * hour, "1 yr"]];
    let edge = -Infinity;
    for (const [ms, text] of ticks) {
      if (ms > last * 1.15) continue;
      const x = place(ms);
      if (x - edge < 44) continue;
      edge = x;
      picture.append(svg("line", { class: "axis", x1: x, x2: x, y1: base, y2: base + 5 }),
        svg("text", { x, y: base + 19, "text-anchor": "middle" }, text));
    }
    for (const { w, x, level } of marks) {
      const y = base - 12 - level * step;
      const title = `${w.workload.kind} ${w.name}: ${w.stateText}, ${w.diagnosis}`;
      const link = svg("a", { href: `#w${w.index}`, "aria-label": title });
      link.append(svg("title", {}, title), svg("circle", { class: "halo", cx: x, cy: y, r: step / 2 }));
      if (w.broken) link.append(svg("rect", { class: "mark-broken", x: x - 4.5, y: y - 4.5, width: 9, height: 9, transform: `rotate(45 ${x} ${y})` }));
      else link.append(svg("circle", { class: `mark-${w.kind}`, cx: x, cy: y, r: w.kind === "soon" ? 6 : 5 }));
      link.addEventListener("click", (event) => {
        event.preventDefault();
        find("search").value = "";
        find("diagnosis").value = "";
        showRows();
        const row = find(`w${w.index}`);
        document.querySelectorAll("tr.found").forEach((other) => other.classList.remove("found"));
        row.classList.add("found");
        row.tabIndex = -1;
        row.focus({ preventScroll: true });
        row.scrollIntoView({ block: "center" });
      });
      picture.append(link);
    }
    find("timeline").replaceChildren(picture);
  };

  const worst = (a, b) => a.index - b.index;
  const byText = (key) => (a, b) => key(a).localeCompare(key(b), "en", { numeric: true }) || worst(a, b);
  const byNumber = (key) => (a, b) => {
    const [x, y] = [key(a), key(b)];
    return (isNaN(x) - isNaN(y)) || (isNaN(x) ? 0 : x - y) || worst(a, b);
  };
  const columns = [
    ["When", worst],
    ["Workload", byText((w) => w.name)],
    ["Diagnosis", byText((w) => w.diagnosis)],
    ["Since", byNumber((w) => w.sinceMs)],
    ["Client", byText((w) => w.library)],
    ["Remint", byText((w) => w.decision)],
    ["For good", byText((w) => w.fix)],
  ];
  let sorted = 0;
  let descending = false;

  const showHeadings = () => {
    find("head").replaceChildren(...columns.map(([title], index) => {
      const button = make("button", { type: "button", textContent: title });
      button.addEventListener("click", () => sortBy(index, sorted === index ? !descending : false));
      return make("th", { scope: "col" }, button);
    }));
    find("sort").replaceChildren(...columns.map(([title], index) => make("option", { value: String(index), textContent: title })));
    find("sort").addEventListener("change", () => sortBy(Number(find("sort").value), false));
  };
  const markSorted = () => {
    [...find("head").children].forEach((heading, index) => {
      if (index === sorted) heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else heading.removeAttribute("aria-sort");
    });
    find("sort").value = String(sorted);
  };
  const sortBy = (index, down) => {
    sorted = index;
    descending = down;
    markSorted();
    showRows();
  };

  const cell = (label, className, ...children) => {
    const element = make("td", { className }, ...children);
    element.dataset.label = label;
    return element;
  };
  const small = (text) => make("small", { textContent: text });
  const row = (w) => {
    const client = w.client;
    const breaks = w.breaksAt && !w.broken ? small(moment(w.breaksAt)) : "";
    const clientNotes = [client.program, client.library && client.minimumVersion && client.reReadsToken !== "yes" ? `re-reads from ${client.minimumVersion}` : "",
      client.reReadsToken === "yes" ? "re-reads its token" : client.reReadsToken === "no" ? "reads its token once" : ""].filter(Boolean);
    const details = make("details", {}, make("summary", { textContent: "Details" }));
    const fact = (title, text) => text && details.append(make("p", {}, make("b", { textContent: `${title}: ` }), make("code", { textContent: text })));
    fact("Pods", w.pods.join(", ") + (w.affectedPods > w.pods.length ? ` and ${w.affectedPods - w.pods.length} more` : ""));
    fact("User agent", client.userAgent === "" ? "(none sent)" : client.userAgent);
    fact("Chart", w.chart);
    fact("Release", w.origin.release);
    fact("App", [w.origin.app, w.origin.appVersion].filter(Boolean).join(" "));
    fact("Managed by", w.origin.managedBy);
    fact("Belongs to", w.origin.owner);
    fact("WorkloadRestart", [w.restart, w.phase].filter(Boolean).join(" "));
    fact("Reason", w.reason);
    const element = make("tr", { id: `w${w.index}` },
      cell("When", "", make("span", { className: `state state-${w.kind}`, textContent: w.stateText }), breaks),
      make("th", { scope: "row" }, w.name, small(`${w.workload.kind}, ${w.affectedPods}${w.replicas ? ` of ${w.replicas}` : ""} ${w.affectedPods === 1 && !w.replicas ? "pod" : "pods"}`)),
      cell("Diagnosis", "", w.diagnosis, small(`${Math.round(w.confidence * 100)} % sure`)),
      cell("Since", "since", ...(w.since ? [moment(w.since).slice(0, 10), small(moment(w.since).slice(11))] : ["not known"])),
      cell("Client", "client", w.library, ...clientNotes.map(small)),
      cell("What Remint does", "plan", w.plan, w.policy ? small(w.policy) : small("no policy")),
      cell("What fixes it for good", "fix", w.fix || "-", details));
    return element;
  };

  const showRows = () => {
    const words = find("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const diagnosis = find("diagnosis").value;
    const chosen = workloads.filter((w) => (!diagnosis || w.diagnosis === diagnosis) && words.every((word) => w.all.includes(word)));
    chosen.sort((a, b) => (descending ? -1 : 1) * columns[sorted][1](a, b));
    const rows = chosen.map(row);
    if (rows.length === 0) {
      const text = workloads.length === 0 ? "No workload is known to be at risk." : "No workload fits.";
      rows.push(make("tr", {}, make("td", { className: "none", colSpan: columns.length, textContent: text })));
    }
    find("rows").replaceChildren(...rows);
    find("shown").textContent = `${chosen.length} of ${plural(workloads.length, "workload")}`;
  };

  showHead();
  for (const diagnosis of [...new Set(workloads.map((w) => w.diagnosis))].sort()) {
    find("diagnosis").append(make("option", { value: diagnosis, textContent: diagnosis }));
  }
  showHeadings();
  markSorted();
  showRows();
  drawTimeline();
  find("search").addEventListener("input", showRows);
  find("diagnosis").addEventListener("change", showRows);
  let drawn = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth === drawn) return;
    drawn = window.innerWidth;
    drawTimeline();
  });
})();
