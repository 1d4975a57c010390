"use strict";
/* Keeps the open page up to date: told by the server that something changed (or every minute), it fetches the
   same address again with the reader's own rights and puts the new main block in place of the old. */
(function () {
  var every = 60000, least = 3000, last = Date.now(), waiting = null;
  var old = document.querySelector("main[data-live]");
  if (!old) { return; }

  function renew() {
    waiting = null;
    last = Date.now();
    if (document.hidden) { return; }
    fetch(location.href, { credentials: "same-origin", headers: { Accept: "text/html" } })
      .then(function (answer) {
        if (answer.status === 401) { location.reload(); }
        return answer.ok ? answer.text() : null;
      })
      .then(function (html) {
        var fresh = html && new DOMParser().parseFromString(html, "text/html").querySelector("main[data-live]");
        if (!fresh || fresh.innerHTML === old.innerHTML) { return; }
        var focused = document.activeElement, href = old.contains(focused) && focused.getAttribute("href");
        old.innerHTML = fresh.innerHTML;
        if (href) {
          var again = Array.prototype.find.call(old.querySelectorAll("a"), function (a) {
            return a.getAttribute("href") === href;
          });
          if (again) { again.focus({ preventScroll: true }); }
        }
      })
      .catch(function () { /* away from the network: the next signal or minute tries again */ });
  }

  function soon() {
    if (!waiting) { waiting = setTimeout(renew, Math.max(200, least - (Date.now() - last))); }
  }

  setInterval(soon, every);
  document.addEventListener("visibilitychange", function () { if (!document.hidden) { soon(); } });
  if (window.EventSource) {
    new EventSource("/changes?area=" + encodeURIComponent(old.dataset.live)).addEventListener("changed", soon);
  }
})();
