#pragma once
// Numbers for Prometheus. Hides the library behind it, so that any layer can count without compiling its headers.
//
// Names and labels are written by programmers, never taken from input: an invalid name or label, one name registered
// with two types, two help texts or two sets of buckets, is a bug and throws std::logic_error at start-up. Label values
// may be any UTF-8, but each new one costs memory for ever: never a pod name, a user agent or a path.

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace remint::metrics {

/// Content-Type of Registry::expose().
inline constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

using Labels = std::map<std::string, std::string>;

/// Only ever grows. Thread-safe; about 20 ns.
class Counter {
 public:
  virtual ~Counter() = default;
  /// Negative amounts are ignored.
  virtual void add(double amount = 1) = 0;
  [[nodiscard]] virtual double value() const = 0;
};

/// Goes up and down. Thread-safe.
class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void set(double value) = 0;
  virtual void add(double amount) = 0;
  [[nodiscard]] virtual double value() const = 0;
};

/// Counts observations by size. Thread-safe.
class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void observe(double value) = 0;
};

/// Thread-safe. The objects it hands out live as long as it does, and look-ups cost about 1 us: keep the references.
/// The same name and labels always give the same object. A metric shows up, at 0, from its first look-up on: look up
/// every label set when you start, not when the first event happens, so that rates and alerts see the first one.
class Registry {
 public:
  Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;
  ~Registry();

  /// `name` ends in "_total" by convention; `help` is one sentence.
  [[nodiscard]] Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
  [[nodiscard]] Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
  /// `buckets` are upper bounds, ascending; +Inf is added.
  [[nodiscard]] Histogram& histogram(const std::string& name, const std::string& help,
                                     const std::vector<double>& buckets, const Labels& labels = {});

  /// Everything, in Prometheus' text format 0.0.4, families sorted by name.
  [[nodiscard]] std::string expose() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::metrics
