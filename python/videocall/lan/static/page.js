// Who trusts the authority already has nothing to do here: they go straight on to the meeting.
const { target, forward } = document.body.dataset;
if (forward === 'yes') {
  fetch(new URL('/ca/trusted', target), { cache: 'no-store' }).then(
    () => location.replace(target),
    () => undefined,
  );
}
