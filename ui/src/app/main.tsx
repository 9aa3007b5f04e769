import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError } from '@/api/client';
import { applyStoredTheme } from '@/design/theme';
import { router } from './router';
import '@/design/tokens.css';
import '@/design/base.css';
import '@/design/components.css';
import '@/table/table.css';

applyStoredTheme();

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1_000,
      // A refusal stays a refusal; a server that is restarting comes back.
      retry: (failures, error) =>
        failures < 3 && !(error instanceof ApiError && error.problem.status >= 400),
    },
  },
});

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no element with the id "root"');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
