/** Numbers of the lines that hold a text, without regard to case; none for an empty one. */
export function findLines(lines: string[], text: string): number[] {
  const wanted = text.toLowerCase();
  if (wanted === '') return [];
  const found: number[] = [];
  lines.forEach((line, index) => {
    if (line.toLowerCase().includes(wanted)) found.push(index);
  });
  return found;
}

/** A line cut at the matches: every second part is one. */
export function cutAtMatches(line: string, text: string): string[] {
  const wanted = text.toLowerCase();
  const lower = line.toLowerCase();
  // Lower case can have another length in some scripts; places would not fit then.
  if (wanted === '' || lower.length !== line.length) return [line];
  const parts: string[] = [];
  let from = 0;
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
    parts.push(line.slice(from, at), line.slice(at, at + wanted.length));
    from = at + wanted.length;
  }
  return [...parts, line.slice(from)];
}

/** How a line of Spark's log stands out: by its level, as log4j prints it. */
export function levelOf(line: string): 'bad' | 'warn' | undefined {
  if (/\b(ERROR|FATAL)\b|^Traceback|^Exception in/.test(line)) return 'bad';
  return /\bWARN(ING)?\b/.test(line) ? 'warn' : undefined;
}
