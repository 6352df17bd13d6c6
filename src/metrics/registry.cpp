#include "remint/metrics/registry.hpp"

#include <fmt/format.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string_view>

#include "remint/base/text.hpp"

namespace remint::metrics {
namespace {

class CounterImpl final : public Counter {
 public:
  explicit CounterImpl(prometheus::Counter& counter) : counter_(counter) {}
  void add(double amount) override {
    // The library throws for these in one version and ignores them in another.
    if (amount > 0) {
      counter_.Increment(amount);
    }
  }
  [[nodiscard]] double value() const override { return counter_.Value(); }

 private:
  prometheus::Counter& counter_;
};

class GaugeImpl final : public Gauge {
 public:
  explicit GaugeImpl(prometheus::Gauge& gauge) : gauge_(gauge) {}
  void set(double value) override { gauge_.Set(value); }
  void add(double amount) override { gauge_.Increment(amount); }
  [[nodiscard]] double value() const override { return gauge_.Value(); }

 private:
  prometheus::Gauge& gauge_;
};

class HistogramImpl final : public Histogram {
 public:
  explicit HistogramImpl(prometheus::Histogram& histogram) : histogram_(histogram) {}
  void observe(double value) override { histogram_.Observe(value); }

 private:
  prometheus::Histogram& histogram_;
};

/// One name: its library family, and our object for each label set. The library's own look-up would do for the latter,
/// but hands out its own types.
template <class Metric, class LibraryMetric>
struct Family {
  prometheus::Family<LibraryMetric>* family = nullptr;
  std::string help;
  std::vector<double> buckets;
  std::map<Labels, std::unique_ptr<Metric>> series;
};

template <class Metric, class LibraryMetric>
using Families = std::map<std::string, Family<Metric, LibraryMetric>>;

/// One value that is not UTF-8 would make Prometheus refuse the whole page.
Labels readable(const Labels& labels) {
  Labels safe = labels;
  for (auto& [name, value] : safe) {
    if (!is_valid_utf8(value)) {
      value = sanitize(value);
    }
  }
  return safe;
}

}  // namespace

struct Registry::Impl {
  /// `make(family, labels)` creates the library's metric and wraps it.
  template <class Metric, class LibraryMetric, class Builder, class Make>
  Metric& look_up(Families<Metric, LibraryMetric>& families, Builder builder, const std::string& name,
                  const std::string& help, const std::vector<double>& buckets, const Labels& labels, Make make) {
    const std::lock_guard lock(mutex);
    const bool is_new = !families.contains(name);
    if (is_new && (counters.contains(name) || gauges.contains(name) || histograms.contains(name))) {
      throw std::logic_error(fmt::format("metric {} is registered with another type", name));
    }
    if (is_new) {
      auto& library_family = builder.Name(name).Help(help).Register(registry);
      families[name] = {&library_family, help, buckets, {}};
    }
    auto& family = families[name];
    if (family.help != help || family.buckets != buckets) {
      throw std::logic_error(fmt::format("metric {} is registered with another help text or other buckets", name));
    }
    auto& metric = family.series[readable(labels)];
    if (!metric) {
      metric = make(*family.family, readable(labels));
    }
    return *metric;
  }

  std::mutex mutex;
  prometheus::Registry registry;
  Families<Counter, prometheus::Counter> counters;
  Families<Gauge, prometheus::Gauge> gauges;
  Families<Histogram, prometheus::Histogram> histograms;
};

Registry::Registry() : impl_(std::make_unique<Impl>()) {}
Registry::~Registry() = default;

Counter& Registry::counter(const std::string& name, const std::string& help, const Labels& labels) {
  return impl_->look_up(
      impl_->counters, prometheus::BuildCounter(), name, help, {}, labels,
      [](auto& family, const Labels& safe) { return std::make_unique<CounterImpl>(family.Add(safe)); });
}

Gauge& Registry::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  return impl_->look_up(impl_->gauges, prometheus::BuildGauge(), name, help, {}, labels,
                        [](auto& family, const Labels& safe) { return std::make_unique<GaugeImpl>(family.Add(safe)); });
}

Histogram& Registry::histogram(const std::string& name, const std::string& help, const std::vector<double>& buckets,
                               const Labels& labels) {
  if (!std::ranges::is_sorted(buckets, std::less_equal<>())) {
    throw std::logic_error(fmt::format("metric {}: the buckets do not ascend", name));
  }
  return impl_->look_up(
      impl_->histograms, prometheus::BuildHistogram(), name, help, buckets, labels,
      [&](auto& family, const Labels& safe) { return std::make_unique<HistogramImpl>(family.Add(safe, buckets)); });
}

std::string Registry::expose() const {
  auto families = impl_->registry.Collect();
  // The library keeps both in hash tables; sorted, two pages can be compared.
  std::ranges::sort(families, {}, &prometheus::MetricFamily::name);
  for (prometheus::MetricFamily& family : families) {
    std::ranges::sort(family.metric, {}, &prometheus::ClientMetric::label);
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace remint::metrics
