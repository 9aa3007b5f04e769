/** Values of an address' query, as text. What they mean is each route's own business. */
export type RawSearch = Record<string, string | string[]>;

/** `?state=failed&state=lost&page=2`: a repeated name is a list. */
export function parseSearch(query: string): RawSearch {
  const search: RawSearch = {};
  for (const [name, value] of new URLSearchParams(query)) {
    const former = search[name];
    if (former === undefined) search[name] = value;
    else search[name] = Array.isArray(former) ? [...former, value] : [former, value];
  }
  return search;
}

/** The counterpart of `parseSearch`; what is undefined, null or an empty list is left out. */
export function printSearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined && each !== null && each !== '') params.append(name, String(each));
    }
  }
  const query = params.toString();
  return query ? `?${query}` : '';
}
