import type { Advice, Withheld } from '@/api/types';
import { Command, CopyButton } from '@/design/CopyButton';
import { UNKNOWN } from '@/design/format';
import { applyCommand, confArguments } from './command';
import { EffectView } from './EffectView';
import { PatchView } from './PatchView';

/** What to change, merged over all findings, and how to do it. */
export function AdvicePanel({
  advice,
  specName,
}: {
  advice: Advice[];
  specName: string | undefined;
}) {
  const conf = confArguments(advice);
  return (
    <section className="panel" aria-labelledby="advice-head">
      <div className="panel-head">
        <h2 id="advice-head">Advice</h2>
        <span className="grow" />
        {conf && <CopyButton text={conf} label="Copy as --conf" />}
      </div>
      <div className="panel-body">
        <table className="table" aria-label="Advice">
          <thead>
            <tr>
              <th scope="col">Change</th>
              <th scope="col">Why</th>
              <th scope="col">Expected to save</th>
              <th scope="col">Findings</th>
            </tr>
          </thead>
          <tbody>
            {advice.map((each) => (
              <tr key={`${each.patch.target}=${each.patch.value}`}>
                <td>
                  <PatchView patch={each.patch} />
                  {each.current != null && (
                    <span className="current faint">now {each.current}</span>
                  )}
                </td>
                <td>{each.reason}</td>
                <td>
                  {each.effect ? (
                    <EffectView effect={each.effect} />
                  ) : (
                    <span className="faint">{UNKNOWN}</span>
                  )}
                </td>
                <td>
                  {each.finding_ids.map((id) => (
                    <a key={id} className="finding-link mono" href={`#${id}`}>
                      {id}
                    </a>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {specName && (
          <p className="apply">
            <span className="muted">Run it again with this advice:</span>
            <Command text={applyCommand(specName)} />
          </p>
        )}
      </div>
    </section>
  );
}

/** Changes that were considered and are not advised, so that nobody has to wonder. */
export function WithheldPanel({ withheld }: { withheld: Withheld[] }) {
  return (
    <section className="panel" aria-labelledby="withheld-head">
      <div className="panel-head">
        <h2 id="withheld-head">Considered, not advised</h2>
      </div>
      <ul className="panel-body withheld">
        {withheld.map(({ patch, finding_id, reason }) => (
          <li key={`${finding_id} ${patch.target}=${patch.value}`}>
            <PatchView patch={patch} /> {reason}
          </li>
        ))}
      </ul>
    </section>
  );
}
