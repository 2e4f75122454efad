-- How DuckDB spells the words of ../vocabulary.toml. Documents are JSON. Regular expressions are RE2.
-- https://duckdb.org/docs/stable/data/json/json_functions

-- An argument stands once in each snippet, or is bound by a lambda: DuckDB evaluates every copy of a long argument anew, and each JSON
-- function in it keeps its own memory.

-- word: json_text(document, path)
NULLIF(json_extract_string(json_value(:document, :path), '$'), '')

-- word: json_part(document, path)
list_filter([CAST(json_extract(:document, :path) AS VARCHAR)], lambda t: t NOT IN ('null', '{}', '[]', '""'))[1]

-- word: mentions(document, text)
strpos(CAST(:document AS VARCHAR), :text) > 0

-- word: json_member_text(document, name)
NULLIF(json_extract_string(json_value(:document, '/' || replace(replace(:name, '~', '~0'), '/', '~1')), '$'), '')

-- word: json_member_part(document, name, member)
list_filter(
  [CAST(json_extract(:document, '/' || replace(replace(:name, '~', '~0'), '/', '~1') || '/' || :member) AS VARCHAR)],
  lambda t: t NOT IN ('null', '{}', '[]', '""')
)[1]

-- word: iso_time(text)
list_transform([:text], lambda t:
  CASE
    WHEN regexp_full_match(t, '\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z') THEN TRY_STRPTIME(t, '%Y-%m-%dT%H:%M:%SZ')
    WHEN regexp_full_match(t, '\d{4}-?\d{2}-?\d{2}[T ]\d{2}:?\d{2}:?\d{2}([.,]\d+)?(Z|[+-]\d{2}(:?\d{2})?)?')
    THEN TRY_STRPTIME(substr(regexp_replace(t, '[-:T ]', '', 'g'), 1, 14), '%Y%m%d%H%M%S')
      - to_minutes(
        CASE
          WHEN regexp_matches(t, '[T ].*[+-]\d{2}(:?\d{2})?$')
          THEN TRY_CAST(regexp_extract(t, '([+-])\d{2}(:?\d{2})?$', 1) || '1' AS INTEGER) * (
            60 * TRY_CAST(regexp_extract(t, '[+-](\d{2})(:?\d{2})?$', 1) AS INTEGER)
            + COALESCE(TRY_CAST(regexp_extract(t, '[+-]\d{2}:?(\d{2})$', 1) AS INTEGER), 0)
          )
          ELSE 0
        END
      )
  END
)[1]

-- word: expiry_time(text)
list_transform([:text], lambda e:
  COALESCE(
    CASE
      WHEN regexp_full_match(e, '[A-Z][a-z]{2} \d{1,2}, \d{4},? \d{1,2}:\d{2}:\d{2}[\s\x{202F}][AP]M')
        AND NOT regexp_matches(e, '\d{4},? 0+:')
      THEN TRY_STRPTIME(
        regexp_replace(regexp_replace(e, '(\d{4}),', '\1'), '[\s\x{202F}]([AP]M)$', ' \1'), '%b %d, %Y %I:%M:%S %p'
      )
    END,
    iso_time(e)
  )
)[1]

-- word: time_text(time)
strftime(:time, '%Y-%m-%dT%H:%M:%SZ')

-- word: seconds_between(earlier, later)
date_diff('second', :earlier, :later)

-- word: plus_seconds(time, seconds)
(:time + to_seconds(:seconds))

-- word: timestamp_of(text)
CAST(:text AS TIMESTAMP)

-- word: asked_time(text)
-- a cast would leave an offset out of account
strptime(:text, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d', '%Y-%m-%d %H:%M:%S.%f'])

-- word: start_of_hour(time)
date_trunc('hour', :time)

-- word: present_time()
timezone('UTC', now())

-- word: start_of_day(time)
date_trunc('day', :time)

-- word: day_text(time, separator)
strftime(:time, '%Y' || :separator || '%m' || :separator || '%d')

-- word: matches(text, pattern)
regexp_matches(:text, :pattern)

-- word: first_match(text, pattern)
NULLIF(regexp_extract(:text, :pattern, 1), '')

-- word: like_pattern(text)
replace(replace(replace(replace(:text, '!', '!!'), '%', '!%'), '_', '!_'), '*', '%')

-- word: list_of(value)
COALESCE(list_sort(list(DISTINCT :value) FILTER (WHERE :value IS NOT NULL))[1:20], CAST([] AS VARCHAR[]))

-- word: sample(value, rank)
max_by(:value, :rank) FILTER (WHERE :value IS NOT NULL)

-- word: any_true(condition)
COALESCE(bool_or(:condition), FALSE)

-- word: all_true(condition)
COALESCE(bool_and(:condition), FALSE)

-- word: address_hex(text)
list_transform(
  -- an IPv4 address, alone or at the end of an IPv6 one, as two groups
  list_transform([lower(:text)], lambda t:
    CASE
      WHEN regexp_full_match(t, '([0-9a-f:]*:)?((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)')
      THEN CASE WHEN contains(t, ':') THEN regexp_extract(t, '^(.*:)', 1) ELSE '::ffff:' END || array_to_string(
        list_transform(
          string_split(regexp_extract(t, '([0-9.]+)$', 1), '.'),
          lambda octet, place: printf('%02x', CAST(octet AS INTEGER)) || CASE WHEN place = 2 THEN ':' ELSE '' END
        ), ''
      )
      ELSE t
    END
  ),
  -- the groups before and after the gap, which the zeros fill
  lambda t: list_transform(
    [list_transform(
      [split_part(t, '::', 1), split_part(t, '::', 2)],
      lambda half: array_to_string(list_transform(list_filter(string_split(half, ':'), lambda g: g <> ''), lambda g: lpad(g, 4, '0')), '')
    )],
    lambda halves:
      CASE
        WHEN regexp_full_match(t, '([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}')
          OR regexp_full_match(t, '([0-9a-f]{1,4}(:[0-9a-f]{1,4})*)?::([0-9a-f]{1,4}(:[0-9a-f]{1,4})*)?')
          AND length(halves[1]) + length(halves[2]) <= 28
        THEN halves[1] || repeat('0', 32 - length(halves[1]) - length(halves[2])) || halves[2]
      END
  )[1]
)[1]
