"""`remint report -o html` in a real browser: sorted, searched, by mouse and by keyboard, light and dark, on a desk and on a phone."""

import http.server
import json
import os
import subprocess
import threading
from pathlib import Path

import pytest

import browser as chromium

TOP = Path(__file__).resolve().parents[2]
REMINT = os.environ.get("REMINT_BINARY") or str(TOP / "build" / "release" / "remint")
HOSTILE = '</script><script>alert("x")</script><img src=x onerror=alert(1)>'


def workload(number, broken=False, **more):
    fields = {
        "workload": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "team-%d" % (number % 3), "name": f"app-{number:02}", "uid": f"u{number}"},
        "pods": [f"app-{number:02}-6d4cf56db6-{i}x2x7p" for i in range(3)], "affectedPods": 3, "replicas": 3,
        "state": "Broken" if broken else "WillBreak", "diagnosis": "Expired" if broken else "StaleToken", "confidence": 0.97,
        "since": f"2026-06-30T{number % 24:02}:00:00Z",
        "breaksAt": None if broken else f"2026-{7 + number // 8:02}-{2 + number % 8 * 3:02}T08:00:00Z",
        "client": {"userAgent": "OpenAPI-Generator/11.0.0/python", "library": "Python kubernetes", "version": "11.0.0", "program": None,
                   "reReadsToken": "no", "minimumVersion": "12.0.0"},
        "origin": {"chart": "shop", "chartVersion": "1.4.0", "release": "shop"},
        "fix": "Upgrade the client library to 12.0.0 or newer.", "decision": "Wait", "strategy": "RolloutRestart",
        "policy": "ClusterTokenRefreshPolicy/default", "check": "Window", "notBefore": "2026-07-02T02:00:00Z", "pending": False,
        "restart": None, "phase": None, "reason": "its window opens at 02:00", "plan": "Restarts it by RolloutRestart not before 02:00.",
    }
    return {**fields, **more}


def example():
    workloads = [workload(i, broken=i < 4) for i in range(24)]
    workloads[2] |= {"diagnosis": "Unknown", "fix": HOSTILE, "workload": {**workloads[2]["workload"], "name": HOSTILE}}
    workloads[5]["workload"]["name"] = "a-name-without-any-place-to-break-it-which-goes-on-for-a-good-while-0123456789-0123456789"
    return {"kind": "RemintReport", "asOf": "2026-07-01T10:00:00Z", "source": "remint-0", "suspended": None, "storms": [],
            "summary": {"workloads": 24, "broken": 4, "nextBreak": "2026-07-14T08:00:00Z", "byDiagnosis": {}},
            "signals": [{"name": "audit", "given": True, "text": "audit log: 12 events heard"},
                        {"name": "apiserver-log", "given": False, "text": "no API-server log: diagnoses are Unknown for 1 workload"}],
            "workloads": workloads}


def written(folder, name, report):
    """The page that Remint makes of what an operator answers."""
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802
            body = json.dumps(report).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    path = folder / name
    try:
        subprocess.run([REMINT, "report", "--url", f"http://127.0.0.1:{server.server_port}/report", "-o", "html", "--output-file", path],
                       check=True, timeout=60)
    finally:
        server.shutdown()
    return path


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    if not os.path.exists(REMINT):
        pytest.skip(f"THERE IS NO {REMINT}: cmake --build --preset release --target remint")
    return written(tmp_path_factory.mktemp("page"), "report.html", example())


@pytest.fixture(scope="module")
def browser():
    program = chromium.find()
    if not program:
        pytest.skip("NO CHROMIUM: THE PAGE OF `remint report -o html` IS NOT LOOKED AT (deploy/install-dependencies --checks)")
    started = chromium.Browser(program)
    yield started
    started.close()


def names(browser):
    return browser.run("[...document.querySelectorAll('#rows tr > th')].map(e => e.firstChild.textContent)")


def sorting(browser):
    return browser.run("[...document.querySelectorAll('#head th')].map(e => e.getAttribute('aria-sort'))")


def focus(browser):
    return browser.run("document.activeElement.id || document.activeElement.textContent || document.activeElement.tagName")


def test_the_worst_come_first_and_a_click_sorts(browser, page):
    browser.open(page)
    assert names(browser)[0] == "team-0/app-00"
    assert sorting(browser) == ["ascending"] + [None] * 6
    browser.click("#head th:nth-child(2) button")
    assert names(browser) == sorted(names(browser))
    assert sorting(browser)[:2] == [None, "ascending"]
    browser.click("#head th:nth-child(2) button")
    assert names(browser) == sorted(names(browser), reverse=True)
    assert sorting(browser)[1] == "descending"
    browser.click("#head th:nth-child(1) button")
    assert names(browser)[0] == "team-0/app-00"
    assert not browser.complaints


def test_search_and_diagnosis_narrow_it_down(browser, page):
    browser.open(page)
    browser.click("#search")
    browser.type("app-07")
    assert names(browser) == ["team-1/app-07"]
    assert browser.run("document.getElementById('shown').textContent") == "1 of 24 workloads"
    browser.type(" nothing like it")
    assert names(browser) == [] and "No workload fits" in browser.run("document.getElementById('rows').textContent")
    browser.run("document.getElementById('search').value = ''; document.getElementById('diagnosis').value = 'Expired';"
                "document.getElementById('diagnosis').dispatchEvent(new Event('change'))")
    assert len(names(browser)) == 3
    assert not browser.complaints


def test_all_of_it_can_be_reached_and_used_by_keyboard(browser, page):
    browser.open(page)
    browser.key("Tab")
    assert focus(browser) == "To the workloads"
    reached = []
    for _ in range(40):
        browser.key("Tab")
        reached.append(focus(browser))
        if reached[-1] == "Workload":
            break
    # Each mark of the timeline says what it is.
    assert any("Deployment team-0/app-00" in one for one in reached)
    assert "search" in reached and "diagnosis" in reached
    assert reached[-1] == "Workload"
    assert browser.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    browser.key("Enter", text="\r")
    assert sorting(browser)[1] == "ascending"
    assert focus(browser) == "Workload"  # sorting again takes no search for the button


def test_a_mark_of_the_timeline_leads_to_its_workload(browser, page):
    browser.open(page)
    assert browser.run("document.querySelectorAll('#timeline a').length") == 24
    browser.click("#timeline a[href='#w9']")
    assert browser.run("document.activeElement.id") == "w9"
    assert browser.run("(() => { const b = document.getElementById('w9').getBoundingClientRect(); return b.top >= 0 && b.bottom <= innerHeight; })()")


@pytest.mark.parametrize("width", [320, 375, 768, 1024, 1920])
def test_nothing_is_wider_than_the_screen(browser, page, width):
    browser.open(page, width=width, height=800)
    assert browser.run("document.documentElement.scrollWidth") <= width
    if width <= 375:
        assert browser.run("document.querySelector('.frame').scrollWidth") <= width


def test_what_others_wrote_is_shown_and_does_nothing(browser, page):
    browser.open(page)
    assert any(HOSTILE in name for name in names(browser))
    assert browser.run("document.scripts.length") == 2 and browser.run("document.images.length") == 0
    assert [address for address in browser.asked if not address.startswith("file://")] == []
    assert not browser.complaints
    # The policy of the page holds: what is put in later does not run.
    assert browser.run("""new Promise(done => {
        addEventListener('securitypolicyviolation', event => done(event.violatedDirective));
        document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.bad = 1'}));
        setTimeout(() => done('it ran: ' + window.bad), 5000); })""").startswith("script-src")


CONTRAST = """(() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => { for (let e = element; e; e = e.parentElement) {
    const colour = parse(getComputedStyle(e).backgroundColor); if (colour.length === 3 || colour[3] > 0) return colour; }
    return [255, 255, 255]; };
  const bad = [];
  for (const element of document.querySelectorAll('body *')) {
    if (!element.checkVisibility() || !element.getClientRects().length || element.closest('.unseen, .skip, script')) continue;
    if (![...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(parse(element.closest('svg') ? style.fill : style.color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.push([element.tagName, element.className, element.textContent.slice(0, 30), ratio]);
  }
  return bad; })()"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_text_stands_out_in_the_light_and_in_the_dark(browser, page, scheme, width):
    browser.open(page, width=width, scheme=scheme)
    assert browser.run(CONTRAST) == []
    background = browser.run("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, background[4:-1].split(","))) > 380) == (scheme == "light")
    if folder := os.environ.get("REMINT_SCREENSHOTS"):
        browser.screenshot(f"{folder}/report-{scheme}-{width}.png")


def test_headings_and_labels_tell_a_reader_where_it_is(browser, page):
    browser.open(page)
    assert browser.run("[...document.querySelectorAll('h1, h2')].map(e => e.tagName).join(' ')") == "H1 H2 H2 H2 H2"
    assert browser.run("[...document.querySelectorAll('input, select')].every(e => e.labels.length === 1)")
    assert browser.run("[...document.querySelectorAll('th')].every(e => e.scope)")
    assert browser.run("document.querySelector('caption') !== null && document.documentElement.lang === 'en'")


def test_a_cluster_in_good_health_is_a_page_too(browser, page, tmp_path):
    calm = example() | {"workloads": [], "summary": {"workloads": 0, "broken": 0, "nextBreak": None, "byDiagnosis": {}}}
    browser.open(written(tmp_path, "calm.html", calm))
    assert "No workload is known to be at risk" in browser.run("document.getElementById('rows').textContent")
    assert browser.run("document.getElementById('timeline-section').hidden")
    assert not browser.complaints


def test_whom_only_logs_or_events_accuse_is_shown_as_suspected_and_not_as_one_that_will_break(browser, tmp_path):
    doubtful = workload(0, state="Suspected", since="2026-07-01T07:00:00Z", breaksAt=None)
    summary = {"workloads": 2, "broken": 0, "suspected": 1, "nextBreak": None, "byDiagnosis": {}}
    browser.open(written(tmp_path, "doubtful.html", example() | {"workloads": [doubtful, workload(1)], "summary": summary}))
    assert browser.run("document.querySelector('#w0 .state-suspected').textContent") == "suspected for 3 h"
    assert "Suspected1by logs or Events alone" in browser.run("document.getElementById('summary').textContent")
    assert browser.run("[...document.querySelectorAll('#timeline a')].map(e => e.getAttribute('href'))") == ["#w1"]
    assert browser.run(CONTRAST) == []
    assert not browser.complaints
