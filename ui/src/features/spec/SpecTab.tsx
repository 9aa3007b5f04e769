import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { jobQuery, specQuery } from '@/api/queries/job';
import { CopyButton } from '@/design/CopyButton';
import { Loaded } from '@/design/feedback';
import { Source } from '@/design/Source';

const route = getRouteApi('/jobs/$jobId/spec');

/** The spec as it was run and the PySpark that was submitted. */
export function SpecTab() {
  const { jobId } = route.useParams();
  const { view } = route.useSearch();
  const navigate = route.useNavigate();
  const detail = useQuery(jobQuery(jobId)).data;
  const spec = useQuery(specQuery(jobId));

  return (
    <div className="page">
      <Loaded query={spec} what="spec">
        {({ text, pyspark }) => {
          const shown = view === 'pyspark' ? pyspark : text;
          return (
            <section className="panel" aria-label="Source">
              <div className="panel-head">
                <span className="button-group">
                  <button
                    type="button"
                    className="button"
                    aria-pressed={view === undefined}
                    onClick={() => void navigate({ search: {} })}
                  >
                    Spec
                  </button>
                  <button
                    type="button"
                    className="button"
                    aria-pressed={view === 'pyspark'}
                    onClick={() => void navigate({ search: { view: 'pyspark' } })}
                  >
                    PySpark
                  </button>
                </span>
                <span className="muted">
                  {view === 'pyspark'
                    ? 'What spark-submit received, byte for byte'
                    : `${detail?.spec_name ?? 'Spec'} as it was run, applied advice included`}
                </span>
                <span className="grow" />
                <CopyButton text={shown} label="Copy" />
              </div>
              <Source text={shown} label={view === 'pyspark' ? 'PySpark' : 'Spec'} />
            </section>
          );
        }}
      </Loaded>
    </div>
  );
}
