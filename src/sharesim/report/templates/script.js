(function () {
  "use strict";
  // Without scripts everything is there and stays in the order in which it was written.
  function key(cell) {
    var value = cell.getAttribute("data-value");
    if (value === null) { return cell.textContent.trim().toLowerCase(); }
    return isNaN(Number(value)) ? value : Number(value);
  }
  function compare(one, other) {
    if (typeof one !== typeof other) { return typeof one === "number" ? -1 : 1; }
    return typeof one === "number" ? one - other : one.localeCompare(other, "en");
  }
  function sort(table, head, index) {
    var down = head.getAttribute("aria-sort") === "ascending";
    table.querySelectorAll("thead th").forEach(function (other) { other.removeAttribute("aria-sort"); });
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    var body = table.tBodies[0];
    var rows = Array.prototype.map.call(body.rows, function (row, place) {
      return { row: row, place: place, key: key(row.cells[index]) };
    });
    rows.sort(function (a, b) { return (down ? -1 : 1) * compare(a.key, b.key) || a.place - b.place; });
    rows.forEach(function (item) { body.appendChild(item.row); });
  }
  document.querySelectorAll("table.sortable").forEach(function (table) {
    table.querySelectorAll("thead th").forEach(function (head, index) {
      var title = head.querySelector(".title");
      if (!title || !title.textContent.trim()) { return; }
      var button = document.createElement("button");
      button.type = "button";
      while (title.firstChild) { button.appendChild(title.firstChild); }
      title.appendChild(button);
      button.addEventListener("click", function () { sort(table, head, index); });
    });
  });

  // Any table as CSV: figures in full, text that a spreadsheet would take for a formula kept as text.
  function csv(table) {
    return Array.prototype.map.call(table.rows, function (row) {
      return Array.prototype.map.call(row.cells, function (cell) {
        var value = cell.getAttribute("data-value");
        var text = value === null ? cell.innerText.trim().replace(/\s+/g, " ") : value;
        if (value === null && /^[=+\-@]/.test(text)) { text = "'" + text; }
        return '"' + text.replace(/"/g, '""') + '"';
      }).join(",");
    }).join("\r\n") + "\r\n";
  }
  document.querySelectorAll("table[data-table]").forEach(function (table) {
    var name = table.getAttribute("data-table");
    var button = document.createElement("button");
    button.type = "button";
    button.className = "export";
    button.textContent = "Save as CSV";
    button.setAttribute("aria-label", "Save as CSV: " + table.caption.textContent.trim());
    button.addEventListener("click", function () {
      var link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob(["\ufeff" + csv(table)], { type: "text/csv;charset=utf-8" }));
      link.download = name + ".csv";
      link.click();
      setTimeout(function () { URL.revokeObjectURL(link.href); }, 1000);
    });
    table.parentElement.insertAdjacentElement("afterend", button);
  });

  // A link into a closed part opens it; paper shows what is only folded away on a screen.
  function reveal() {
    var target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (var node = target; node; node = node.parentElement) { if (node.tagName === "DETAILS") { node.open = true; } }
    if (target) { target.scrollIntoView(); }
  }
  window.addEventListener("hashchange", reveal);
  if (location.hash) { reveal(); }
  var closed = [];
  window.addEventListener("beforeprint", function () {
    closed = Array.prototype.filter.call(document.querySelectorAll("details.open-in-print"), function (item) { return !item.open; });
    closed.forEach(function (item) { item.open = true; });
  });
  window.addEventListener("afterprint", function () { closed.forEach(function (item) { item.open = false; }); });
})();
