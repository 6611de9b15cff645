import type { ReactNode } from 'react';
import { useCall } from '../hooks/useCall';
import { Icon } from './Icon';

/** Short messages that go away by themselves; read aloud without interrupting. */
export function Notices(): ReactNode {
  const notices = useCall((state) => state.notices);
  const dismissNotice = useCall((state) => state.dismissNotice);
  return (
    <div className="notices" role="status" aria-live="polite" data-testid="notices">
      {notices.map((notice) => (
        <p key={notice.id} className="notice" data-tone={notice.tone}>
          {notice.tone === 'warning' && <Icon name="warning" size={18} />}
          {notice.text}
          <button
            type="button"
            className="notice__close"
            aria-label="Dismiss"
            onClick={() => dismissNotice(notice.id)}
          >
            <Icon name="close" size={16} />
          </button>
        </p>
      ))}
    </div>
  );
}
