/**
 * Prompts of IFEval whose answers are short and whose instructions a rule can check: key, rules, prompt, word for word; a line
 * break in a prompt is written as ⏎. Source: SOURCE.md beside this file (CC BY 4.0).
 */
export const IFEVAL_LINES = `
1001 | no_comma | I am planning a trip to Japan, and I would like thee to write an itinerary for my journey in a Shakespearean style. You are not allowed to use any commas in your response.
1019 | lower | Given the sentence "Two young boys with toy guns and horns." can you ask a question? Please ensure that your response is in English, and in all lowercase letters. No capital letters are allowed.
102 | bullets:3 | Write a dialogue between two people, one is dressed up in a ball gown and the other is dressed down in sweats. The two are going to a nightly event. Your answer must contain exactly 3 bullet points in the markdown format (use "* " to indicate each bullet) such as:⏎* This is the first point.⏎* This is the second point.
1051 | lower | Write a letter to a friend in all lowercase letters ask them to go and vote.
1075 | json | Can you help me make an advertisement for a new product? It's a diaper that's designed to be more comfortable for babies and I want the entire output in JSON format.
1092 | fewer_words:300 | Write a short blog post about a trip to Japan using less than 300 words.
1094 | json | Please provide the names of 5 famous moms in JSON format. Please, use any interesting or weird tone. Your entire output should just contain a JSON block, nothing else.
1098 | two | What is a name that people call God? Please give exactly two different responses. Separate the responses with 6 asterisk symbols: ******.
1107 | no_comma, two | Write two jokes about rockets. Do not contain commas in your response. Separate the two jokes with 6 asterisk symbols: ******.
1128 | ends:Is there anything else I can help with? | Given the sentence "It is unclear how much of this money is actually being spent on children", is the sentiment positive or negative? The very last sentence of your response should be "Is there anything else I can help with?".
1132 | upper, without:rock | Write the lyrics to a hit song by the rock band 'The Gifted and The Not Gifted'. To make it rocky, the response should be in all capital letters. The word "rock" should not appear in your response.
1137 | json, without:nourriture | Explain in French why it is important to eat healthy foods to heal the body, without using the word "nourriture". Make sure your entire response is wrapped in JSON format.
1147 | without:field, without:thanks, without:issue, without:collaborator | Rewrite the following statement to make it sound more formal, like a President of the United States:⏎"Hi guys. The work was done to add in a fix for the issue that was observed in the field with the SSO. We are working with our collaborators closely. We will get it done. Thanks ya all."⏎Do not include the following keywords: field, thanks, issue, collaborator.
1153 | lower, has:story:2 | Write a social media post for students of Islamic history about the hajj pilgrimage. Use all lowercase letters and include the word story at least twice.
1162 | no_comma | Write a riddle for kids about auspices but make sure you don't use any commas.
1180 | two, title | Explain why people are grossed out by worms but not by eating a dead cow. Give exactly two different responses separated by 6 asterisk symbols ******. Your answer must contain a title, wrapped in double angular brackets, i.e. <<title>>.
1187 | no_comma | Can you give me two different formal alternatives to "What's up? I'm going to the beach today" and do not use any commas in your response.
1217 | fewer_words:151 | Write an ad copy for a new product, a digital photo frame that connects to your social media accounts and displays your photos. Respond with at most 150 words.
1220 | ends:Is there anything else I can help with? | Write a poem about two people who meet in a coffee shop and end your entire response with the exact phrase "Is there anything else I can help with?"
1236 | parts:3 | Write an advertisement for a new line of comfortable armchairs designed to withstand the scrutiny of any interior designer. There should be exactly 3 paragraphs separated by the markdown divider: ***.
1242 | json, without:nickname | Can you give me a nickname for Stafford? Please use JSON format and do not say the word "nickname" in the response. Do not add anything outside of the JSON block.
1246 | has:P.P.S:1 | Write me a template for a product description in the form of a poem and end it with a post script starting with P.P.S
1248 | parts:4 | "The man was arrested for stealing a car. He was later released on bail." Expand on it angrily in a rap style, and make sure there are exactly 4 sections. Separated the sections by the markdown divider: ***
1286 | bullets:6 | What is the difference between the 13 colonies and the other British colonies in North America? Your answer must contain exactly 6 bullet point in Markdown using the following format:⏎* Bullet point one.⏎* Bullet point two.⏎...⏎* Bullet point fix.
1287 | bullets:3, lower | How did a man named John of Brienne become the King of Jerusalem? Explain in a Zen-like style. Your answer should use all lowercase letters and must also contain exactly 3 bullet points in markdown format. Use * to indicate bullets, like:⏎* xyz⏎* abc⏎* opq
1305 | has:P.P.S:1, bullets:10 | List exactly 10 possible names for a new baby boy. Then add a postscript starting with P.P.S to the end of your response. Put the names into bullet points that are indicated by:⏎* This is an example bullet
1322 | title | What are the pros and cons of kotlin vs java? Your answer must have a title contained in double angular brackets, such as <<kotlin vs java>>.
1348 | no_comma, marks:3, has:brilliant:1, has:hou:1 | Write a brief biography of a person named "Brilliant Le Hou". Do not use commas in your reply. Highlight at least 3 sections with markdown, i.e. *highlighted section*. The biography should start with the name of the person.
136 | bullets:9, fewer_words:100 | A nucleus is a cluster of protons and neutrons. Elaborate on this. Write exactly 9 very short bullet points. Limit the number of words you use (less than 100 words). An example:⏎* A nucleus is a cluster of protons and neutrons⏎* A proton is ....⏎⏎Please follow the format of the example above.
1361 | lower | Compose song lyrics about a socio-economic problem. The song should be in English and in all lowercase letters.
1393 | has:synonyms:3 | List the pros and cons of using two different names for the same thing. Make sure the word synonyms appears at least 3 time.
142 | quoted, has:knock:2, has:cat:1 | Write a joke about morphology that's professional and includes the word "cat" at least once, and the word "knock" at least twice. Wrap your whole response with double quotation marks.
143 | parts:2, has:P.P.S:1 | A colt is 5 feet tall. It will grow 6 inches every month. How tall will it be in 3 years? Think step-by-step, then give your answer. Separate your thinking and the final answer by a line with just three "*" symbols: ***⏎At the end of your response, please explicitly add a postscript starting with P.P.S
1436 | lower, without:coop, without:killings, without:dead, without:night | Write a story about commandos who are in the middle of the night in a sector. It should be in English, and no capital letters are allowed. The story should not include keywords "coop", "killings", "dead", "night".
1466 | quoted, without:taylor, without:swift, without:together | Write a song that critiques the song "We Are Never Ever Getting Back Together" by Taylor Swift. Wrap your entire response with double quotation marks. Do not mention the word Taylor, Swift, or Together.
1476 | without:name, without:rename | Can you rewrite "Cognitive Services on Azure will be renamed to Azure Applied AI Services" in an engaging tone, without using the word "rename" or "name"? Keep it under 3 sentences (just 1 or 2 sentences, not 3).
1498 | has:associations:4 | Write a song about tomatoes and brothers. It should be funny and appropriate for teenagers. The word associations should appear at least 4 times in the song.
1508 | has:forests:1, has:riddle:1, no_comma | Write a haiku about a lion that includes the keywords "forests" and "riddle". Refrain from using commas in your haiku.
1516 | lower, has:netflix:1 | Write a five line poem about the time you had a binge watching episode. The poem should have a rhyme scheme of AABBA and include the word "Netflix". Your entire response should be in English, and should not contain any capital letters.
1535 | lower | Write a cover letter for a job application as a tour guide in Beijing in all lowercase letters, with no capitalizations. Make it short -- the entire output should have less than 5 sentences.
1537 | has:P.P.S:1 | Could you tell me what kind of balls are used in tennis? I would like the answer in the form of a medieval style poem with a P.P.S at the end.
1571 | has:forest:3, lower, has:land:1, has:river:1 | Compose a poem that has the word "land" and "river". It should be about nature and love. Also, the word "forest" should appear at least 3 times, and be written in English, with all letters lowercased.
1580 | without:can, without:ride | Write a story for kids about how a person learns to ride a bike. Do not include 'can' and 'ride' in your response.
1591 | two | Write two limericks for moms about how hard it is to get their kids to do chores. Be angry about it. Separate your two limericks with six asterisks (******).
1593 | lower | Compose a poem all in lowercase letters about my friend Barnet.
1601 | marks:2, fewer_words:101 | Write an extremely short essay on the role of mythology in the work of Jordan Peterson. Keep your entire response 100 words or less. Be general in your writing. Make sure to highlight at least 2 sections in your answer with markdown, i.e. use *highlighted section*.
1619 | has:P.P.S:1, slots:6 | Write a rap about a new smartphone. At the end of your response add a postscript starting with P.P.S The response must contain at least 6 placeholders represented by square brackets.
1620 | has:P.S.:1 | I really love the album called Lilith. I want to introduce it to my friend Luheng. Draft an email for it. Add a postscript to your response that starts with P.S.
1629 | without:station | Make the sentence “The bus arrived at the station” sound more interesting. Avoid using the word “station”.
1634 | bullets:4 | Make a rubric for a home theater installation targeting moms. Your answer must contain exactly 4 bullet points. Use markdown bullet points such as:⏎* This is point 1
164 | fewer_words:300 | Write a short essay about the updates of the latest episode of your favorite TV show. Use less than 300 words.
1644 | marks:5 | Write a cover letter for a job at a local coffee shop in the form of a poem. Highlight at least 5 text sections using "*". For example: *3 years of experience*.
1645 | upper | Create a riddle about the name Sheldon using only 10 words. Make sure to only use capital letters in your entire response.
1675 | without:heute | Can you provide a translation for "今天天气很好" in German? Do not use "heute". Please use another word.
1705 | has:P.P.S:1, ends:Hope you agree with me. | Write a professional email that you could send to ask your boss for a raise. At the end of your response, explicitly add a postscript starting with P.P.S⏎⏎Finish your entire response with this exact phrase: Hope you agree with me.
1733 | has:replied:2 | Write a fairy tale about a princess and a dragon, making sure the word 'replied' appears at least twice.
1738 | no_comma | What is the next number in this series: 1, 4, 7, 11, 17? Please answer with only mathematical notation without any commas.
1759 | has:P.S.:1 | How to write a good Chinese poem? At the end of your response, please explicitly add a note starting with "P.S."
1773 | marks:1 | Write a song about the summers of my childhood that I spent in the countryside. Give the song a name, and highlight the name by wrapping it with *. For example: *little me in the countryside*.
1776 | quoted | The Jimenez family has 20 members. Each member has at least one pet. If there are 32 pets in total, what is the maximum number of members that can possibly have 3 pets? Solve this step by step, and wrap your entire response (reasoning process and the final answer) with double quotation marks.
1793 | two, fewer_words:300 | Who won the defamation case between Amber Heard and Johnny Depp? Write your answer as if you are writing to a group of elderly people. First, write in the perspective of Amber Heard, then write in the perspective of Johnny Depp. Separate those two version by 6 asterisk symbols ******. The entire response should have less than 300 words.
1800 | has:P.S.:1 | Explain to a group of elementary school students why we have seasons. You should add a postscript starting with P.S. at the end of your response.
1802 | title | Gandalf was a wizard who fought in the War of the Ring. Is that a good explanation for a 10 year old? Please think first, then give your answer wrapped in double angular brackets, such as <<your answer>>.
1813 | upper, fewer_words:31 | I want to write a reflective essay on how my life has changed since I started college. Do you have any recommendation? Please reply in English and capitalize all your words. Control the length of your reply. I don't want anything longer than 30 words.
1825 | no_comma, has:P.P.S:1, has:lacking:1, has:model:1, has:performance:1, has:quality:1, has:architecture:1 | Explain Generative Adversarial Networks (GANs) to me using bullet points. Do not contain any commas in your response. End your response with a postscript indicated by P.P.S⏎Include the keywords "lacking", "model", "performance", "quality", "architecture".
1843 | lower, quoted | Create an English name for a luxury real estate company that sells beachfront homes. All letters in your response must be lower case letters. Also, please put double quotation marks around your entire response.
1857 | has:grid:5 | I work for a software development company named "grid", and they want a catchy tweet. Can you write one that includes the name of the company at least five times?
1858 | parts:4 | Write a very angry letter to someone who's been trying to convince you that 1+1=3. There should be exactly 4 paragraphs. Separate the paragraphs with ***.
1886 | marks:3 | Write a riddle for the word "façade" that contains at least 3 italic text phrases in markdown syntax, i.e *italic text*.
1893 | ends:Peace! | Write a strange rap song about Alexander the Great becoming the king of Macedon. Finish the song with:⏎⏎Peace!⏎⏎No additional words should follow "Peace!"
1897 | marks:10, no_comma | Expand the following and make it funny: Jeanne has rolled the dice. She thought she lost, but actually she won.⏎⏎Italicize at least 10 text parts with markdown (using * to italicize, like *italic text*).⏎Do not use any commas in your response.
`;
