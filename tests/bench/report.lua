-- One line of JSON instead of wrk's own words.
function done(summary, latency, requests)
   local bad = summary.errors.connect + summary.errors.read + summary.errors.write
             + summary.errors.status + summary.errors.timeout
   io.write(string.format('{"requests": %d, "microseconds": %d, "bad": %d}\n',
            summary.requests, summary.duration, bad))
end
