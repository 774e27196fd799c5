// Filters above the tables of the catalogue: without this file the tables are just not filtered. What is chosen stands
// in the address, so that it can be kept and shared.
'use strict';

const FILTERED = ['family', 'kind', 'fixes', 'group', 'fits'];

function cellTexts(row, column) {
  const text = row.cells[column].textContent.trim();
  return text.split(/, | or /).filter(Boolean);
}

function filtersOf(table) {
  const titles = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  return titles.flatMap((title, column) => (FILTERED.includes(title) ? [{ title, column }] : []));
}

function labelled(title, field) {
  const label = document.createElement('label');
  label.append(title, field);
  return label;
}

function addFilters(table) {
  const rows = [...table.tBodies[0].rows];
  const chosen = new URLSearchParams(location.search);
  const fields = filtersOf(table).map(({ title, column }) => {
    const values = [...new Set(rows.flatMap((row) => cellTexts(row, column)))].sort();
    const field = document.createElement('select');
    field.name = title;
    field.append(new Option('all', ''), ...values.map((value) => new Option(value, value)));
    field.value = values.includes(chosen.get(title)) ? chosen.get(title) : '';
    return { title, field, fits: (row) => !field.value || cellTexts(row, column).includes(field.value) };
  });
  const search = document.createElement('input');
  search.type = 'search';
  search.name = 'text';
  search.value = chosen.get('text') ?? '';
  const words = () => search.value.toLowerCase().split(/\s+/).filter(Boolean);
  fields.push({
    title: 'text',
    field: search,
    fits: (row) => words().every((word) => row.textContent.toLowerCase().includes(word)),
  });

  const count = document.createElement('output');
  const form = document.createElement('form');
  form.className = 'filters';
  form.setAttribute('role', 'search');
  form.append(...fields.map(({ title, field }) => labelled(title, field)), count);
  form.addEventListener('submit', (event) => event.preventDefault());

  function apply() {
    for (const row of rows) {
      row.hidden = !fields.every(({ fits }) => fits(row));
    }
    count.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
  }
  form.addEventListener('input', () => {
    apply();
    const query = new URLSearchParams(fields.flatMap(({ title, field }) => (field.value ? [[title, field.value]] : [])));
    history.replaceState(null, '', `?${query}`);
  });
  (table.closest('.table-wrapper') ?? table).before(form);
  apply();
}

for (const table of document.querySelectorAll('.catalogue table')) {
  addFilters(table);
}
