(function () {
  "use strict";
  // Sorting: a button in each heading; figures by their value, the rest as text. Without scripts the tables stay as they are.
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
    var rows = Array.prototype.map.call(body.rows, function (row, place) { return { row: row, place: place, key: key(row.cells[index]) }; });
    rows.sort(function (a, b) { return (down ? -1 : 1) * compare(a.key, b.key) || a.place - b.place; });
    rows.forEach(function (item) { body.appendChild(item.row); });
  }
  // A link into a closed part opens it.
  function reveal() {
    var target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (var node = target; node; node = node.parentElement) { if (node.tagName === "DETAILS") { node.open = true; } }
    if (target) { target.scrollIntoView(); }
  }
  window.addEventListener("hashchange", reveal);
  if (location.hash) { reveal(); }
})();
