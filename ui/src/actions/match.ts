/**
 * How well a label answers what was typed; nothing when its letters are not all there in order. Letters that
 * begin a word or follow the one before weigh more.
 */
export function score(label: string, typed: string): number | undefined {
  const text = label.toLowerCase();
  let points = 0;
  let from = 0;
  for (const letter of typed.toLowerCase().replaceAll(/\s+/g, '')) {
    const found = text.indexOf(letter, from);
    if (found < 0) return undefined;
    if (found === from && from > 0) points += 3;
    if (found === 0 || !/[a-z0-9]/.test(text[found - 1] ?? ' ')) points += 2;
    from = found + 1;
  }
  return points - label.length / 100;
}

/** Those that match, best first; all in their order when nothing was typed. */
export function matching<T extends { label: string }>(items: T[], typed: string): T[] {
  if (typed.trim() === '') return items;
  return items
    .map((item) => ({ item, points: score(item.label, typed) }))
    .filter((each): each is { item: T; points: number } => each.points !== undefined)
    .sort((a, b) => b.points - a.points)
    .map(({ item }) => item);
}
