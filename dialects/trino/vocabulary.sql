-- How Trino and Athena spell the words of ../vocabulary.toml. Documents are JSON text, which may be malformed: such a document has
-- no fields. Regular expressions are Joni's, and have no question mark: whoever counts a saved text's parameters by those (Athena's console
-- takes 25) finds its bind markers alone. https://trino.io/docs/current/functions/json.html

-- word: json_text(document, path)
NULLIF(json_extract_scalar(:document, :path), '')

-- word: json_part(document, path)
element_at(filter(ARRAY[json_format(json_extract(:document, :path))], t -> t NOT IN ('null', '{}', '[]', '""')), 1)

-- word: mentions(document, text)
strpos(:document, :text) > 0

-- word: json_member_text(document, name)
NULLIF(json_extract_scalar(element_at(TRY_CAST(json_extract(:document, '$') AS MAP(VARCHAR, JSON)), :name), '$'), '')

-- word: json_member_part(document, name, member)
element_at(
  filter(
    ARRAY[json_format(
      element_at(
        TRY_CAST(element_at(TRY_CAST(json_extract(:document, '$') AS MAP(VARCHAR, JSON)), :name) AS MAP(VARCHAR, JSON)), :member
      )
    )],
    t -> t NOT IN ('null', '{}', '[]', '""')
  ),
  1
)

-- word: iso_time(text)
element_at(
  transform(ARRAY[:text], t ->
    CASE
      WHEN t LIKE '____-__-__T__:__:__Z' THEN TRY(date_parse(t, '%Y-%m-%dT%H:%i:%sZ'))
      WHEN regexp_like(
        t, '^[0-9]{4}-{0,1}[0-9]{2}-{0,1}[0-9]{2}[T ][0-9]{2}:{0,1}[0-9]{2}:{0,1}[0-9]{2}([.,][0-9]+){0,1}(Z|[+-][0-9]{2}(:{0,1}[0-9]{2}){0,1}){0,1}\z'
      )
      THEN date_add(
        'minute',
        CASE
          WHEN regexp_like(t, '[T ].*[+-][0-9]{2}(:{0,1}[0-9]{2}){0,1}\z')
          THEN CASE regexp_extract(t, '([+-])[0-9]{2}(:{0,1}[0-9]{2}){0,1}\z', 1) WHEN '-' THEN 1 ELSE -1 END * (
            60 * CAST(regexp_extract(t, '[+-]([0-9]{2})(:{0,1}[0-9]{2}){0,1}\z', 1) AS INTEGER)
            + COALESCE(CAST(regexp_extract(t, '[+-][0-9]{2}:{0,1}([0-9]{2})\z', 1) AS INTEGER), 0)
          )
          ELSE 0
        END,
        TRY_CAST(
          regexp_replace(
            t, '^([0-9]{4})-{0,1}([0-9]{2})-{0,1}([0-9]{2})[T ]([0-9]{2}):{0,1}([0-9]{2}):{0,1}([0-9]{2}).*\z', '$1-$2-$3 $4:$5:$6'
          ) AS TIMESTAMP
        )
      )
    END
  ),
  1
)

-- word: expiry_time(text)
element_at(
  transform(ARRAY[:text], e ->
    COALESCE(
      CASE
        WHEN regexp_like(
          e, '^[A-Z][a-z]{2} [0-9]{1,2}, [0-9]{4},{0,1} [0-9]{1,2}:[0-9]{2}:[0-9]{2}[\s\x{202F}][AP]M\z'
        ) AND NOT regexp_like(e, '[0-9]{4},{0,1} 0+:')
        THEN TRY(date_parse(
          regexp_replace(
            e, '^(...) ([0-9]+), ([0-9]+),{0,1} ([0-9]+):([0-9]+):([0-9]+).([AP]M)\z', '$1 $2 $3 $4:$5:$6 $7'
          ),
          '%b %e %Y %l:%i:%s %p'
        ))
      END,
      iso_time(e)
    )
  ),
  1
)

-- word: time_text(time)
date_format(:time, '%Y-%m-%dT%H:%i:%sZ')

-- word: seconds_between(earlier, later)
date_diff('second', :earlier, :later)

-- word: plus_seconds(time, seconds)
date_add('second', :seconds, :time)

-- word: timestamp_of(text)
CAST(:text AS TIMESTAMP)

-- word: asked_time(text)
-- the cast would leave an offset out of account: such a text is made into one that it refuses
CAST(
  regexp_replace(regexp_replace(:text, '^([0-9-]{10})T([0-9:]{8})Z{0,1}\z', '$1 $2'), ':[^+-]*[+-].*\z', ' with a zone') AS TIMESTAMP
)

-- word: start_of_hour(time)
date_trunc('hour', :time)

-- word: present_time()
CAST(CURRENT_TIMESTAMP AT TIME ZONE 'UTC' AS TIMESTAMP)

-- word: start_of_day(time)
date_trunc('day', :time)

-- word: day_text(time, separator)
substr(CAST(:time AS VARCHAR), 1, 4) || :separator || substr(CAST(:time AS VARCHAR), 6, 2) || :separator
  || substr(CAST(:time AS VARCHAR), 9, 2)

-- word: matches(text, pattern)
regexp_like(:text, :pattern)

-- word: first_match(text, pattern)
NULLIF(regexp_extract(:text, :pattern, 1), '')

-- word: like_pattern(text)
replace(replace(replace(replace(:text, '!', '!!'), '%', '!%'), '_', '!_'), '*', '%')

-- word: list_of(value)
COALESCE(slice(array_sort(array_agg(DISTINCT :value) FILTER (WHERE :value IS NOT NULL)), 1, 20), CAST(ARRAY[] AS ARRAY(VARCHAR)))

-- word: sample(value, rank)
max_by(:value, :rank) FILTER (WHERE :value IS NOT NULL)

-- word: any_true(condition)
COALESCE(bool_or(:condition), FALSE)

-- word: all_true(condition)
COALESCE(bool_and(:condition), FALSE)

-- word: address_hex(text)
CASE WHEN regexp_like(:text, '^[0-9A-Fa-f:.]+\z') THEN lower(to_hex(CAST(TRY_CAST(:text AS IPADDRESS) AS VARBINARY))) END
