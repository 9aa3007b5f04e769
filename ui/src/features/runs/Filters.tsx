import { useQuery } from '@tanstack/react-query';
import { Search, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { jobTypesQuery, serverQuery } from '@/api/queries/jobs';
import { JOB_STATES, stateLabel } from '@/api/states';
import { formatCount } from '@/design/format';
import { isFiltered, JOB_TYPES, type RunsSearch } from './search';

/** How long the search waits for the next key, so that a word is one request. */
const TYPING_MS = 250;

/** Narrows the list by words, state and type. `replace` keeps keystrokes out of the history. */
export function Filters({
  search,
  onChange,
}: {
  search: RunsSearch;
  onChange: (next: Partial<RunsSearch>, replace?: boolean) => void;
}) {
  const chosen = search.state ?? [];
  const counts = useQuery(serverQuery()).data?.jobs_by_state ?? {};
  // States that no run has only take room; chosen ones must stay to be unchosen.
  const states = JOB_STATES.filter((state) => counts[state] || chosen.includes(state));

  const known = useQuery(jobTypesQuery()).data?.job_types ?? [];
  // A type that is asked for is there even when no job has it.
  const types = [...new Set([...JOB_TYPES, ...known, ...(search.type ? [search.type] : [])])];

  const toggle = (state: string) =>
    onChange({
      state: chosen.includes(state)
        ? chosen.filter((other) => other !== state)
        : [...chosen, state],
    });

  return (
    <search className="panel-head">
      <SearchField
        value={search.search ?? ''}
        onChange={(words) => onChange({ search: words || undefined }, true)}
      />
      <fieldset className="button-group">
        <legend className="spoken">States</legend>
        {states.map((state) => (
          <button
            key={state}
            type="button"
            className="button"
            aria-pressed={chosen.includes(state)}
            onClick={() => toggle(state)}
          >
            {stateLabel(state)}
            {counts[state] !== undefined && (
              <span className="faint">{formatCount(counts[state])}</span>
            )}
          </button>
        ))}
      </fieldset>
      <label>
        <span className="muted">Type</span>{' '}
        <select
          className="select"
          value={search.type ?? ''}
          onChange={(event) => onChange({ type: event.target.value || undefined })}
        >
          <option value="">Any</option>
          {types.map((type) => (
            <option key={type} value={type}>
              {JOB_TYPES.includes(type) ? stateLabel(type) : type}
            </option>
          ))}
        </select>
      </label>
      {isFiltered(search) && (
        <button
          type="button"
          className="button plain"
          onClick={() => onChange({ state: undefined, type: undefined, search: undefined })}
        >
          <X size={14} aria-hidden /> Clear filters
        </button>
      )}
    </search>
  );
}

function SearchField({ value, onChange }: { value: string; onChange: (words: string) => void }) {
  const [draft, setDraft] = useState(value);
  const [seen, setSeen] = useState(value);
  // The address changed elsewhere, for instance by the back button.
  if (seen !== value) {
    setSeen(value);
    setDraft(value);
  }
  useEffect(() => {
    if (draft === value) return;
    const timer = setTimeout(() => onChange(draft.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  });
  return (
    <label className="field run-search">
      <Search size={14} aria-hidden />
      <span className="spoken">Search jobs</span>
      <input
        type="search"
        placeholder="Search by name…"
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
      />
    </label>
  );
}
