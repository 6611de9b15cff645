import type { ReactNode } from 'react';
import { useCall } from '../hooks/useCall';

/** Who waits in the lobby, for hosts: each with the door open or shut. */
export function KnockList(props: { limit?: number }): ReactNode {
  const knocks = useCall((state) => state.knocks);
  const admit = useCall((state) => state.admit);
  const reject = useCall((state) => state.reject);
  const shown = knocks.slice(0, props.limit ?? knocks.length);
  return (
    <ul className="knocks" aria-label="Waiting in the lobby" data-testid="knocks">
      {shown.map(({ knockId, displayName }) => (
        <li key={knockId} className="knock" data-testid={`knock-${knockId}`}>
          <span className="knock__name">
            <strong>{displayName}</strong> wants to come in
          </span>
          <button
            type="button"
            className="button button--small"
            data-testid={`reject-${knockId}`}
            aria-label={`Turn away ${displayName}`}
            onClick={() => void reject(knockId)}
          >
            Turn away
          </button>
          <button
            type="button"
            className="button button--primary button--small"
            data-testid={`admit-${knockId}`}
            aria-label={`Let in ${displayName}`}
            onClick={() => void admit(knockId)}
          >
            Let in
          </button>
        </li>
      ))}
      {knocks.length > shown.length && (
        <li className="knock">and {knocks.length - shown.length} more</li>
      )}
    </ul>
  );
}
