-- How DuckDB spells the words of ../vocabulary.toml. Documents are JSON. Regular expressions are RE2.
-- https://duckdb.org/docs/stable/data/json/json_functions

-- word: json_text(document, path)
CASE WHEN json_type(:document, :path) NOT IN ('OBJECT', 'ARRAY') THEN NULLIF(json_extract_string(:document, :path), '') END

-- word: json_part(document, path)
CASE WHEN CAST(json_extract(:document, :path) AS VARCHAR) NOT IN ('null', '{}', '[]', '""') THEN CAST(json_extract(:document, :path) AS VARCHAR) END

-- word: json_member_text(document, name)
CASE WHEN json_type(:document, '/' || replace(replace(:name, '~', '~0'), '/', '~1')) NOT IN ('OBJECT', 'ARRAY')
  THEN NULLIF(json_extract_string(:document, '/' || replace(replace(:name, '~', '~0'), '/', '~1')), '') END

-- word: json_member_part(document, name, member)
CASE WHEN CAST(json_extract(:document, '/' || replace(replace(:name, '~', '~0'), '/', '~1') || '/' || :member) AS VARCHAR) NOT IN ('null', '{}', '[]', '""')
  THEN CAST(json_extract(:document, '/' || replace(replace(:name, '~', '~0'), '/', '~1') || '/' || :member) AS VARCHAR) END

-- word: iso_time(text)
CASE WHEN regexp_full_match(:text, '\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z') THEN TRY_STRPTIME(:text, '%Y-%m-%dT%H:%M:%SZ')
  WHEN regexp_full_match(:text, '\d{4}-?\d{2}-?\d{2}[T ]\d{2}:?\d{2}:?\d{2}([.,]\d+)?(Z|[+-]\d{2}(:?\d{2})?)?')
  THEN TRY_STRPTIME(substr(regexp_replace(:text, '[-:T ]', '', 'g'), 1, 14), '%Y%m%d%H%M%S')
    - to_minutes(COALESCE(TRY_CAST(regexp_extract(:text, '([+-])(\d{2}):?(\d{2})?$', 1) || '1' AS INTEGER), 0)
      * CASE WHEN regexp_matches(:text, '[T ].*[+-]\d{2}(:?\d{2})?$')
          THEN 60 * TRY_CAST(regexp_extract(:text, '[+-](\d{2})(:?(\d{2}))?$', 1) AS INTEGER)
            + COALESCE(TRY_CAST(NULLIF(regexp_extract(:text, '[+-](\d{2})(:?(\d{2}))?$', 3), '') AS INTEGER), 0)
          ELSE 0 END)
END

-- word: expiry_time(text)
COALESCE(
  CASE WHEN regexp_full_match(:text, '[A-Z][a-z]{2} \d{1,2}, \d{4},? \d{1,2}:\d{2}:\d{2}[\s\x{202F}][AP]M')
    AND NOT regexp_matches(:text, '\d{4},? 0+:')
    THEN TRY_STRPTIME(regexp_replace(regexp_replace(:text, '(\d{4}),', '\1'), '[\s\x{202F}]([AP]M)$', ' \1'), '%b %d, %Y %I:%M:%S %p') END,
  iso_time(:text))

-- word: time_text(time)
strftime(:time, '%Y-%m-%dT%H:%M:%SZ')

-- word: seconds_between(earlier, later)
date_diff('second', :earlier, :later)

-- word: plus_seconds(time, seconds)
(:time + to_seconds(:seconds))

-- word: timestamp_of(text)
CAST(:text AS TIMESTAMP)

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
