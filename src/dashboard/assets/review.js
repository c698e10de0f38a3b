/** Ticks all items of a list at once; without scripts they are ticked one by one. */
for (const button of document.querySelectorAll('[data-tick]')) {
  const boxes = () => [
    .../** @type {NodeListOf<HTMLInputElement>} */ (
      button.closest('form')?.querySelectorAll('input[name="item"]') ?? []
    ),
  ];
  const isAll = () => boxes().every(({ checked }) => checked);
  const say = () => {
    button.textContent = isAll() ? 'Tick none' : 'Tick all';
  };
  button.removeAttribute('hidden');
  button.addEventListener('click', () => {
    const ticked = !isAll();
    for (const box of boxes()) box.checked = ticked;
    say();
  });
  button.closest('form')?.addEventListener('change', say);
}
