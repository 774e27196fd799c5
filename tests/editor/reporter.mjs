// Reports each test as one line of JSON, which is what test_editor.py reads.
export default async function* report(events) {
  for await (const { type, data } of events) {
    if (type === 'test:pass' || type === 'test:fail') {
      const error = data.details.error?.cause ?? data.details.error;
      yield JSON.stringify({
        name: data.name,
        passed: type === 'test:pass',
        skipped: data.skip !== undefined,
        seconds: data.details.duration_ms / 1000,
        message: error ? String(error.stack ?? error) : '',
      }) + '\n';
    } else if (type === 'test:stdout' || type === 'test:stderr') {
      process.stderr.write(data.message);
    }
  }
}
