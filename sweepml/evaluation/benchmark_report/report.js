// Shows only the rows of a table that hold what was typed. The page can be read without it.
for (const box of document.querySelectorAll("[data-filter]")) {
  const field = document.createElement("input");
  field.type = "search";
  field.placeholder = "Filter rows";
  field.setAttribute("aria-label", "Filter rows of the table below");
  field.addEventListener("input", () => {
    const wanted = field.value.toLowerCase();
    for (const row of box.querySelectorAll("tbody tr")) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
    }
  });
  box.before(field);
}
