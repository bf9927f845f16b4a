// The filter of the list of events. Without scripts the whole list is shown, and the filter is not.
(() => {
  const form = document.getElementById("filter");
  const items = [...document.querySelectorAll("#events > li")];
  const said = document.getElementById("shown");
  if (!form || !said || items.length === 0) return;
  form.hidden = false;
  const text = new Map(items.map((item) => [item, item.textContent.toLowerCase()]));
  const field = (name) => form.elements.namedItem(name);
  const visible = () => items.filter((item) => !item.hidden);

  const apply = () => {
    const type = field("type").value;
    const what = field("what").value;
    const cause = field("cause").value;
    const words = field("words").value.trim().toLowerCase();
    const unexpected = field("unexpected")?.checked ?? false;
    for (const item of items) {
      const data = item.dataset;
      item.hidden = !(
        (!type || data.type === type) &&
        (!what || data.what.split(" ").includes(what)) &&
        (!cause || data.cause === cause) &&
        (!unexpected || data.unexpected === "yes") &&
        (!words || text.get(item).includes(words))
      );
    }
    const count = visible().length;
    said.textContent = `${count.toLocaleString("en")} of ${items.length.toLocaleString("en")} listed events shown`;
  };

  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));

  // j and k go from event to event, / to the search; typing in a field stays typing.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "/") {
      event.preventDefault();
      field("words").focus();
      return;
    }
    const step = { j: 1, k: -1 }[event.key];
    if (!step) return;
    const list = visible();
    const at = list.indexOf(document.activeElement.closest("#events > li"));
    const next = at < 0 ? list[0] : list[at + step];
    next?.querySelector("summary").focus();
    next?.scrollIntoView({ block: "nearest" });
  });

  apply();
})();
