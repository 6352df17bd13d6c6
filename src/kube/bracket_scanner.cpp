#include "bracket_scanner.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <utility>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace remint::kube {
namespace {

constexpr std::size_t kBlock = 64;
// '[' and '{', and ']' and '}', differ in this bit alone, and no other byte becomes one of them by setting it.
constexpr char kFold = 0x20;

struct Masks {
  std::uint64_t quotes, backslashes, opening, closing, beyond_ascii;
};

inline Masks look_at(const char* block) {
  Masks masks{};
#ifdef __SSE2__
  for (unsigned i = 0; i < kBlock; i += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + i));
    const __m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(kFold));
    const auto mask = [i](__m128i lanes) {
      return static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm_movemask_epi8(lanes))) << i;
    };
    masks.quotes |= mask(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
    masks.backslashes |= mask(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    masks.opening |= mask(_mm_cmpeq_epi8(folded, _mm_set1_epi8('{')));
    masks.closing |= mask(_mm_cmpeq_epi8(folded, _mm_set1_epi8('}')));
    masks.beyond_ascii |= mask(bytes);
  }
#else
  for (unsigned i = 0; i < kBlock; ++i) {
    const char byte = block[i];
    const char folded = static_cast<char>(byte | kFold);
    const auto bit = [i](bool is) { return static_cast<std::uint64_t>(is) << i; };
    masks.quotes |= bit(byte == '"');
    masks.backslashes |= bit(byte == '\\');
    masks.opening |= bit(folded == '{');
    masks.closing |= bit(folded == '}');
    masks.beyond_ascii |= bit((static_cast<unsigned char>(byte) & 0x80U) != 0);
  }
#endif
  return masks;
}

/// std::popcount() is a call into libgcc on the x86-64 that everything is built for.
inline std::size_t count_ones(std::uint64_t bits) {
  bits -= (bits >> 1U) & 0x5555555555555555U;
  bits = (bits & 0x3333333333333333U) + ((bits >> 2U) & 0x3333333333333333U);
  bits = (bits + (bits >> 4U)) & 0x0F0F0F0F0F0F0F0FU;
  return static_cast<std::size_t>((bits * 0x0101010101010101U) >> 56U);
}

/// Bytes behind an odd number of backslashes. A run of backslashes escapes every second byte from its start on; adding
/// the starts of the runs at odd places to the runs carries through them, which tells where they end.
/// `first_is_escaped` is about the block's first byte, and then about the one behind its last, at `size`.
inline std::uint64_t find_escaped(std::uint64_t backslashes, std::uint64_t& first_is_escaped, std::size_t size) {
  constexpr std::uint64_t kEven = 0x5555555555555555U;
  if (backslashes == 0) {
    return std::exchange(first_is_escaped, 0);
  }
  backslashes &= ~first_is_escaped;
  const std::uint64_t follows = (backslashes << 1U) | first_is_escaped;
  const std::uint64_t odd_starts = backslashes & ~kEven & ~follows;
  const std::uint64_t ends = odd_starts + backslashes;
  const std::uint64_t escaped = (kEven ^ (ends << 1U)) & follows;
  first_is_escaped = size < kBlock ? (escaped >> size) & 1U : (ends < odd_starts ? 1U : 0U);
  return escaped;
}

/// Each bit becomes the parity of itself and all bits below: ones from each opening quote up to its closing one.
inline std::uint64_t between(std::uint64_t quotes) {
  for (const unsigned shift : {1U, 2U, 4U, 8U, 16U, 32U}) {
    quotes ^= quotes << shift;
  }
  return quotes;
}

}  // namespace

unsigned BracketScanner::step(const char* block, std::size_t size) {
  const Masks masks = look_at(block);
  beyond_ascii_ = beyond_ascii_ || masks.beyond_ascii != 0;
  const std::uint64_t quotes = masks.quotes & ~find_escaped(masks.backslashes, escaped_, size);
  const std::uint64_t inside = between(quotes) ^ in_string_;
  in_string_ = 0 - (inside >> 63U);
  const std::uint64_t opening = masks.opening & ~inside;
  std::uint64_t closing = masks.closing & ~inside;
  const auto closed = count_ones(closing);
  if (closed < depth_) {
    depth_ = depth_ - closed + count_ones(opening);
    return kBlock;
  }
  // The value may end here. Between two closing brackets stand the opening ones that count for the second.
  std::uint64_t before = 0;
  for (; closing != 0; closing &= closing - 1) {
    const std::uint64_t below = (closing & (0 - closing)) - 1;
    depth_ += count_ones(opening & below & ~before);
    before = below;
    if (--depth_ == 0) {
      return static_cast<unsigned>(std::countr_zero(closing));
    }
  }
  depth_ += count_ones(opening & ~before);
  return kBlock;
}

std::size_t BracketScanner::feed(std::string_view piece) {
  std::size_t at = 0;
  for (; piece.size() - at >= kBlock; at += kBlock) {
    if (const unsigned end = step(piece.data() + at, kBlock); end != kBlock) {
      return at + end + 1;
    }
  }
  const std::size_t rest = piece.size() - at;
  if (rest == 0) {
    return npos;
  }
  std::array<char, kBlock> block;
  block.fill(' ');  // changes nothing: not a quote, not a bracket
  std::memcpy(block.data(), piece.data() + at, rest);
  const unsigned end = step(block.data(), rest);
  return end == kBlock ? npos : at + end + 1;
}

}  // namespace remint::kube
