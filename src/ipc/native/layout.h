// SPDX-License-Identifier: Apache-2.0
// How the addon describes a structure of the control ABI: a constant table of its members, made from the headers
// with offsetof and sizeof. A table that does not account for every byte of its structure does not compile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace layout {

// How the bytes of a member are meant.
enum class Kind : uint8_t { U8, U16, U32, U64, I8, I16, I32, I64, Chars, Bytes, Struct };

// Byte order of integers. Bytes and texts have none.
enum class Order : uint8_t { Native, Big };

// What part of the layout a row is.
enum class Role : uint8_t {
	Member,  // an ordinary member
	Overlay, // a member of an anonymous union: shares its bytes with the overlays next to it
	Bits,    // some bits of the storage member before it
	Hidden,  // padding, or the storage of bits
};

struct Field {
	const char *name;
	size_t offset; // bytes
	size_t size;   // bytes, of the whole array if it is one
	Kind kind;     // of one element
	size_t count;  // elements; 0: not an array (texts and byte strings are not)
	const char *ref; // name of the structure when kind is Struct
	Order order;
	Role role;
	unsigned bit, bits; // position and number of bits when role is Bits
};

// Specialised for each structure by LAYOUT: its name and its fields.
template <typename T> struct Of;

template <typename T> constexpr Kind kind_of()
{
	if constexpr (std::is_same_v<T, uint8_t>)
		return Kind::U8;
	else if constexpr (std::is_same_v<T, uint16_t>)
		return Kind::U16;
	else if constexpr (std::is_same_v<T, uint32_t>)
		return Kind::U32;
	else if constexpr (std::is_same_v<T, uint64_t>)
		return Kind::U64;
	else if constexpr (std::is_same_v<T, int8_t>)
		return Kind::I8;
	else if constexpr (std::is_same_v<T, int16_t>)
		return Kind::I16;
	else if constexpr (std::is_same_v<T, int32_t>)
		return Kind::I32;
	else if constexpr (std::is_same_v<T, int64_t>)
		return Kind::I64;
	else {
		static_assert(std::is_class_v<T> || std::is_union_v<T>, "members are fixed-width integers or structures");
		return Kind::Struct;
	}
}

template <typename T> constexpr const char *ref_of()
{
	if constexpr (std::is_class_v<T> || std::is_union_v<T>)
		return Of<T>::name;
	else
		return nullptr;
}

// Row for a member of type T at offset.
template <typename T> constexpr Field field(const char *name, size_t offset, Order order, Role role)
{
	using E = std::remove_extent_t<T>;
	Field f{name, offset, sizeof(T), Kind::Bytes, 0, nullptr, order, role, 0, 0};

	if constexpr (std::is_array_v<T> && std::is_same_v<E, char>) {
		f.kind = Kind::Chars;
	} else if constexpr (std::is_array_v<T> && std::is_same_v<E, uint8_t>) {
		f.kind = Kind::Bytes;
	} else {
		f.kind = kind_of<E>();
		f.count = std::extent_v<T>;
		f.ref = ref_of<E>();
	}
	return f;
}

// The same member, described as another structure of equal layout.
constexpr Field as(Field f, const char *ref)
{
	f.ref = ref;
	return f;
}

// Row for the bits of mask in the storage member at offset.
constexpr Field bits(const char *name, size_t offset, size_t size, uint64_t mask)
{
	const Kind kind = size == 1 ? Kind::U8 : size == 2 ? Kind::U16 : Kind::U32;

	return {name, offset, size, kind, 0, nullptr, Order::Native, Role::Bits,
		unsigned(__builtin_ctzll(mask)), unsigned(__builtin_popcountll(mask))};
}

// True when the fields cover size bytes, each byte once, in order; members of unions all start where the union does.
template <size_t N> constexpr bool covers(const Field (&fields)[N], size_t size, bool is_union)
{
	size_t end = 0, overlay_start = 0;
	bool in_overlay = false;

	for (const Field &f : fields) {
		if (f.role == Role::Bits) {
			if (f.offset + f.size != end)
				return false;
			continue;
		}
		const bool overlay = is_union || f.role == Role::Overlay;
		if (overlay && !in_overlay)
			overlay_start = end;
		if (f.offset != (overlay ? overlay_start : end))
			return false;
		if (f.offset + f.size > end)
			end = f.offset + f.size;
		in_overlay = overlay;
	}
	return end == size;
}

// A structure as the tables of all structures list it.
struct Struct {
	const char *name;
	size_t size; // bytes
	bool is_union;
	const Field *fields;
	size_t count;
};

template <typename T> constexpr Struct entry()
{
	return {Of<T>::name, sizeof(T), std::is_union_v<T>, Of<T>::fields, std::extent_v<decltype(Of<T>::fields)>};
}

} // namespace layout

// LAYOUT(name, type) rows END: the table of one structure. Rows name members in order.
// clang-format off
#define LAYOUT(label, ...)                                                                                             \
	template <> struct Of<__VA_ARGS__> {                                                                           \
		using T = __VA_ARGS__;                                                                                 \
		static constexpr const char *name = #label;                                                            \
		static constexpr Field fields[] = {
#define END                                                                                                            \
	}                                                                                                              \
	;                                                                                                              \
	static_assert(covers(fields, sizeof(T), std::is_union_v<T>), "the fields do not add up to the structure");      \
	}                                                                                                              \
	;
#define ROW(m, order, role) field<decltype(T::m)>(#m, offsetof(T, m), Order::order, Role::role),
#define M(m) ROW(m, Native, Member)	  // member in native byte order, or without one
#define BE(m) ROW(m, Big, Member)	  // integer in network byte order
#define OVER(m) ROW(m, Native, Overlay)	  // member of an anonymous union
#define PAD(m) ROW(m, Native, Hidden)	  // padding, or storage of bits
#define BITS(m, label, mask) bits(#label, offsetof(T, m), sizeof(T::m), mask),
#define AS(m, label) as(field<decltype(T::m)>(#m, offsetof(T, m), Order::Native, Role::Member), #label),
