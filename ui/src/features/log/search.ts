/** What the address of the log says: whose it is, the driver's unless an executor is named. */
export interface LogSearch {
  executor?: string;
}

export function parseLogSearch(raw: Record<string, unknown>): LogSearch {
  const { executor } = raw;
  return typeof executor === 'string' || typeof executor === 'number'
    ? { executor: String(executor) }
    : {};
}
