import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import { parseLogSearch } from '@/features/log/search';
import { parseOperatorsSearch } from '@/features/operators/search';
import { parseRunsSearch } from '@/features/runs/search';
import { parseSpecSearch } from '@/features/spec/search';
import { parseStagesSearch } from '@/features/stages/search';
import { parseTimelineSearch } from '@/features/timeline/search';
import { Crashed, NotFound } from './failures';
import { Shell } from './Shell';
import { parseSearch, printSearch } from './search';

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/jobs' });
  },
});

const runs = createRoute({
  getParentRoute: () => root,
  path: '/jobs',
  validateSearch: parseRunsSearch,
  component: lazyRouteComponent(() => import('@/features/runs/RunsPage'), 'RunsPage'),
});

const run = createRoute({
  getParentRoute: () => root,
  path: '/jobs/$jobId',
  component: lazyRouteComponent(() => import('@/features/run/RunLayout'), 'RunLayout'),
});

const tabs = [
  createRoute({
    getParentRoute: () => run,
    path: '/',
    component: lazyRouteComponent(() => import('@/features/run/Overview'), 'Overview'),
  }),
  createRoute({
    getParentRoute: () => run,
    path: 'stages',
    validateSearch: parseStagesSearch,
    component: lazyRouteComponent(() => import('@/features/stages/StagesTab'), 'StagesTab'),
  }),
  createRoute({
    getParentRoute: () => run,
    path: 'timeline',
    validateSearch: parseTimelineSearch,
    component: lazyRouteComponent(() => import('@/features/timeline/TimelineTab'), 'TimelineTab'),
  }),
  createRoute({
    getParentRoute: () => run,
    path: 'operators',
    validateSearch: parseOperatorsSearch,
    component: lazyRouteComponent(
      () => import('@/features/operators/OperatorsTab'),
      'OperatorsTab',
    ),
  }),
  createRoute({
    getParentRoute: () => run,
    path: 'executors',
    component: lazyRouteComponent(
      () => import('@/features/executors/ExecutorsTab'),
      'ExecutorsTab',
    ),
  }),
  createRoute({
    getParentRoute: () => run,
    path: 'findings',
    component: lazyRouteComponent(() => import('@/features/findings/FindingsTab'), 'FindingsTab'),
  }),
  createRoute({
    getParentRoute: () => run,
    path: 'expectations',
    component: lazyRouteComponent(
      () => import('@/features/expectations/ExpectationsTab'),
      'ExpectationsTab',
    ),
  }),
  createRoute({
    getParentRoute: () => run,
    path: 'errors',
    component: lazyRouteComponent(() => import('@/features/errors/ErrorsTab'), 'ErrorsTab'),
  }),
  createRoute({
    getParentRoute: () => run,
    path: 'log',
    validateSearch: parseLogSearch,
    component: lazyRouteComponent(() => import('@/features/log/LogTab'), 'LogTab'),
  }),
  createRoute({
    getParentRoute: () => run,
    path: 'spec',
    validateSearch: parseSpecSearch,
    component: lazyRouteComponent(() => import('@/features/spec/SpecTab'), 'SpecTab'),
  }),
] as const;

/** Every address of the page. Each tab is a chunk of its own. */
export const router = createRouter({
  routeTree: root.addChildren([home, runs, run.addChildren(tabs)]),
  parseSearch,
  stringifySearch: printSearch,
  defaultPreload: 'intent',
  defaultErrorComponent: Crashed,
  defaultPendingMs: 200,
  scrollRestoration: false,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
