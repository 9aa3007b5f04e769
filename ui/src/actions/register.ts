import { setTheme } from '@/design/theme';

/** What an action may do; the shell provides it. */
export interface ActionContext {
  /** Goes to an address of this page. */
  go: (address: string) => void;
  /** The run whose page is open. */
  jobId: string | undefined;
}

/** Something that the reader can do from anywhere. */
export interface Action {
  id: string;
  label: string;
  run: (context: ActionContext) => void;
  /** Whether it makes sense here; always when left out. */
  available?: (context: ActionContext) => boolean;
}

/**
 * The tabs of a run, in the order they are shown: segment of the address, name, and whether a data set, which tells only
 * that much of its jobs, has it. Expectations are only shown of a run that has some.
 */
export const JOB_TABS = [
  { path: '', label: 'Overview', ofDataSets: true },
  { path: 'stages', label: 'Stages', ofDataSets: false },
  { path: 'timeline', label: 'Timeline', ofDataSets: true },
  { path: 'operators', label: 'Operators', ofDataSets: true },
  { path: 'executors', label: 'Executors', ofDataSets: false },
  { path: 'findings', label: 'Findings', ofDataSets: false },
  { path: 'expectations', label: 'Expectations', ofDataSets: false },
  { path: 'errors', label: 'Errors', ofDataSets: true },
  { path: 'log', label: 'Log', ofDataSets: false },
  { path: 'spec', label: 'Spec', ofDataSets: false },
] as const;

/** Every action, for the palette. */
export const ACTIONS: Action[] = [
  { id: 'jobs', label: 'Go to jobs', run: ({ go }) => go('/jobs') },
  {
    id: 'jobs.running',
    label: 'Go to running jobs',
    run: ({ go }) => go('/jobs?state=running'),
  },
  { id: 'jobs.failed', label: 'Go to failed jobs', run: ({ go }) => go('/jobs?state=failed') },
  { id: 'jobs.latest', label: 'Go to the newest job', run: ({ go }) => go('/jobs/latest') },
  ...JOB_TABS.map(
    ({ path, label }): Action => ({
      id: `job.${path || 'overview'}`,
      label: `This job: ${label.toLowerCase()}`,
      run: ({ go, jobId }) => go(`/jobs/${jobId}${path && `/${path}`}`),
      available: ({ jobId }) => jobId !== undefined,
    }),
  ),
  {
    id: 'link',
    label: 'Copy link to this view',
    run: () => void navigator.clipboard.writeText(location.href),
    available: () => navigator.clipboard !== undefined,
  },
  { id: 'theme.light', label: 'Theme: light', run: () => setTheme('light') },
  { id: 'theme.dark', label: 'Theme: dark', run: () => setTheme('dark') },
  { id: 'theme.system', label: 'Theme: as the system', run: () => setTheme('system') },
];
