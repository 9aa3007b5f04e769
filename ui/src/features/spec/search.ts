/** What the address of the spec says: the spec itself, or what was made of it. */
export interface SpecSearch {
  view?: 'pyspark';
}

export function parseSpecSearch(raw: Record<string, unknown>): SpecSearch {
  return raw.view === 'pyspark' ? { view: 'pyspark' } : {};
}
