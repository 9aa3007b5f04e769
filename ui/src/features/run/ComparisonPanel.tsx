import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { compareQuery, jobQuery } from '@/api/queries/job';
import { isLiveJob } from '@/api/states';
import type { Comparison, Job } from '@/api/types';
import { Loaded, Warning } from '@/design/feedback';
import { exactly, formatChange, UNKNOWN } from '@/design/format';

/** The run beside the one whose advice it carries. */
export function ComparisonPanel({ before, job }: { before: string; job: Job }) {
  const { data: detail } = useQuery(jobQuery(job.job_id));
  const live = isLiveJob(job);
  const comparison = useQuery({ ...compareQuery(before, job.job_id), enabled: !live });
  return (
    <section className="panel" aria-labelledby="comparison-head">
      <div className="panel-head">
        <h2 id="comparison-head">Before and after</h2>
        <span className="muted">
          This job carries the advice of{' '}
          <Link to="/jobs/$jobId" params={{ jobId: before }} className="mono">
            {before}
          </Link>
        </span>
      </div>
      {detail && detail.applied_advice.length > 0 && (
        <ul className="panel-body applied">
          {detail.applied_advice.map(({ patch, findings }) => (
            <li key={patch}>
              <code>{patch}</code>{' '}
              {findings.length > 0 && <span className="faint">for {findings.join(', ')}</span>}
            </li>
          ))}
        </ul>
      )}
      {live ? (
        <p className="panel-body muted">The figures are compared when this job has ended.</p>
      ) : (
        <Loaded query={comparison} what="comparison">
          {({ rows, partial }) => (
            <>
              {partial.length > 0 && (
                <div className="panel-body">
                  <Warning>{partial.join(' ')}</Warning>
                </div>
              )}
              <Rows rows={rows} />
            </>
          )}
        </Loaded>
      )}
    </section>
  );
}

function Rows({ rows }: { rows: Comparison['rows'] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="table-scroller" aria-label="Before and after" tabIndex={0}>
      <table className="table comparison" aria-label="Before and after">
        <thead>
          <tr>
            <th scope="col">Measure</th>
            <th scope="col" className="numeric">
              Before
            </th>
            <th scope="col" className="numeric">
              After
            </th>
            <th scope="col" className="numeric">
              Change
            </th>
            <th scope="col">
              <span className="spoken">Drawn</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const largest = Math.max(row.before?.value ?? 0, row.after?.value ?? 0);
            return (
              <tr key={row.metric} data-metric={row.metric}>
                <td>{row.title}</td>
                <AmountCell amount={row.before} />
                <AmountCell amount={row.after} />
                <td className="numeric">{formatChange(row.change)}</td>
                <td className="drawn" aria-hidden>
                  <Bar className="before" amount={row.before} largest={largest} />
                  <Bar className="after" amount={row.after} largest={largest} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

type Amount = Comparison['rows'][number]['before'];

function AmountCell({ amount }: { amount: Amount }) {
  if (!amount) return <td className="numeric faint">{UNKNOWN}</td>;
  return (
    <td className="numeric" title={exactly(amount.value, amount.unit)} data-value={amount.value}>
      {amount.text}
    </td>
  );
}

function Bar({
  className,
  amount,
  largest,
}: {
  className: string;
  amount: Amount;
  largest: number;
}) {
  const share = amount && largest > 0 ? amount.value / largest : 0;
  return <span className={className} style={{ width: `${share * 100}%` }} />;
}
