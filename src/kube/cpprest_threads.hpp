#pragma once
// The library's threads.

namespace remint::kube {

/// Only the first call counts.
void start_cpprest_threads(unsigned threads);

}  // namespace remint::kube
