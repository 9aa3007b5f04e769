/** What the address of the timeline says. Times are milliseconds from the run's start. */
export interface TimelineSearch {
  from?: number;
  to?: number;
  /** The stage that stands out. */
  stage?: number;
  view?: 'table';
}

export function parseTimelineSearch(raw: Record<string, unknown>): TimelineSearch {
  const number = (value: unknown) =>
    value === undefined || value === '' || !Number.isFinite(Number(value))
      ? undefined
      : Number(value);
  const from = number(raw.from);
  const to = number(raw.to);
  const stage = number(raw.stage);
  return {
    ...(from !== undefined && to !== undefined && from >= 0 && to > from && { from, to }),
    ...(stage !== undefined && Number.isInteger(stage) && { stage }),
    ...(raw.view === 'table' && { view: 'table' as const }),
  };
}
